"""einsum: sums of products named by letters, as matrix products."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dlcore import _C
from dlcore.ops import elementwise, matmul, reduce, shape

if TYPE_CHECKING:
    from dlcore.tensor import Tensor


def einsum(equation: str, *operands: Tensor) -> Tensor:
    """The sum of products that `equation` names, as numpy.einsum and torch.einsum.

    Each letter is a dimension. One that stands in several operands pairs them (sizes equal, or 1, which broadcasts),
    one that the output lacks is summed, one that stands twice in an operand takes its diagonal; ``...`` stands for
    dimensions without a name. Without ``->`` the output has the letters that appear once, in alphabetic order. Operands
    are contracted from the left, two at a time, each pair by one (batched) matmul; float32 or float64.

    ValueError for an equation that does not fit the operands, ShapeError where sizes disagree.

    >>> import dlcore as dl
    >>> a, b = dl.tensor([[1.0, 2.0]]), dl.tensor([[3.0], [4.0]])
    >>> dl.einsum("ij,jk->ik", a, b).tolist()
    [[11.0]]
    """
    if len(operands) == 1 and isinstance(operands[0], list | tuple):
        operands = tuple(operands[0])
    terms, output = _parse(equation, [x.array.shape for x in operands])
    _check_sizes(equation, terms, [x.array.shape for x in operands])
    pairs = [_diagonals(x, term) for x, term in zip(operands, terms, strict=True)]
    result, labels = pairs[0]
    for i, (x, term) in enumerate(pairs[1:], 2):
        later = {name for _, rest in pairs[i:] for name in rest}
        result, labels = _contract(result, labels, x, term, later | set(output))
    gone = tuple(i for i, name in enumerate(labels) if name not in output)
    if gone:
        result = reduce.sum(result, gone)
        labels = [name for name in labels if name in output]
    return shape.permute(result, [labels.index(name) for name in output]) if labels != output else result


def _parse(equation: str, shapes: list) -> tuple[list[list[str]], list[str]]:
    """The labels of each operand and of the output; those of ``...`` are numbers, counted from the last."""
    left, arrow, right = equation.replace(" ", "").partition("->")
    terms = left.split(",")
    if len(terms) != len(shapes):
        raise ValueError(f"einsum: {equation!r} names {len(terms)} operands, but {len(shapes)} are given")
    labels = []
    for term, size in zip(terms, shapes, strict=True):
        names = term.replace("...", "")
        hidden = len(size) - len(names)
        if not (names.isalpha() or names == "") or term.count("...") > 1:
            raise ValueError(f"einsum: {term!r} in {equation!r} may hold letters and one '...'")
        if hidden < 0 or (hidden > 0 and "..." not in term):
            raise ValueError(f"einsum: {term!r} in {equation!r} names {len(names)} dimensions of shape {size}")
        labels.append(_spread(term, hidden))
    most = max((sum(name.isdigit() for name in term) for term in labels), default=0)
    if not arrow:
        every = [name for term in labels for name in term]
        return labels, _spread("...", most) + sorted({n for n in every if every.count(n) == 1 and not n.isdigit()})
    output = _spread(right, most if "..." in right else 0)
    known = {name for term in labels for name in term}
    if len(set(output)) != len(output) or not set(output) <= known:
        raise ValueError(f"einsum: the output {right!r} of {equation!r} may name each letter of the operands once")
    return labels, output


def _spread(term: str, hidden: int) -> list[str]:
    before, dots, after = term.partition("...")
    return [*before, *(str(i) for i in range(hidden - 1, -1, -1) if dots), *after]


def _check_sizes(equation: str, terms: list[list[str]], shapes: list) -> None:
    found: dict[str, int] = {}
    for term, size in zip(terms, shapes, strict=True):
        for name, n in zip(term, size, strict=True):
            known = found.get(name, 1)
            if n != known and 1 not in (n, known):
                raise _C.ShapeError(
                    f"einsum: {name!r} in {equation!r} is {known} in one operand and {n} in another; shapes "
                    + ", ".join(str(s) for s in shapes)
                )
            found[name] = max(n, known) if 0 not in (n, known) else 0


def _diagonals(x: Tensor, term: list[str]) -> tuple[Tensor, list[str]]:
    """x with each label once: one that stands twice runs along the diagonal."""
    labels = list(term)
    for name in dict.fromkeys(term):
        while labels.count(name) > 1:
            i = labels.index(name)
            j = labels.index(name, i + 1)
            x = shape.diagonal(x, 0, i, j)
            labels = [n for k, n in enumerate(labels) if k not in (i, j)] + [name]
    return x, labels


def _contract(a: Tensor, of_a: list[str], b: Tensor, of_b: list[str], kept: set[str]) -> tuple[Tensor, list[str]]:
    """The product of two operands, summed over the labels that nothing later needs."""
    a, of_a = _sum_alone(a, of_a, of_b, kept)
    b, of_b = _sum_alone(b, of_b, of_a, kept)
    both = [name for name in of_a if name in of_b]
    batch = [name for name in both if name in kept]
    summed = [name for name in both if name not in kept]
    rows, columns = [n for n in of_a if n not in both], [n for n in of_b if n not in both]
    size_a, size_b = dict(zip(of_a, a.shape, strict=True)), dict(zip(of_b, b.shape, strict=True))
    if not summed:  # no sum: a product of broadcast elements
        a = shape.reshape(_ordered(a, of_a, batch + rows), [size_a[n] for n in batch + rows] + [1] * len(columns))
        wide = [size_b[n] for n in batch] + [1] * len(rows) + [size_b[n] for n in columns]
        return elementwise.mul(a, shape.reshape(_ordered(b, of_b, batch + columns), wide)), batch + rows + columns
    inner = {name: size_a[name] if size_b[name] == 1 else size_b[name] for name in summed}
    a = _folded(a, of_a, size_a, batch, rows, summed, inner)
    b = _folded(b, of_b, size_b, batch, summed, columns, inner)
    out = matmul.matmul(a, b)
    sizes = [*out.shape[: len(batch)], *(size_a[n] for n in rows), *(size_b[n] for n in columns)]
    return shape.reshape(out, sizes), batch + rows + columns


def _sum_alone(x: Tensor, labels: list[str], other: list[str], kept: set[str]) -> tuple[Tensor, list[str]]:
    alone = [i for i, name in enumerate(labels) if name not in other and name not in kept]
    return (reduce.sum(x, tuple(alone)), [n for i, n in enumerate(labels) if i not in alone]) if alone else (x, labels)


def _ordered(x: Tensor, labels: list[str], wanted: list[str]) -> Tensor:
    return x if labels == wanted else shape.permute(x, [labels.index(name) for name in wanted])


def _folded(
    x: Tensor, labels: list[str], size: dict, batch: list[str], first: list[str], second: list[str], inner: dict
) -> Tensor:
    """x as (batch…, all of `first`, all of `second`), where summed dimensions have their full size."""
    x = _ordered(x, labels, batch + first + second)
    full = [size[n] for n in batch] + [inner.get(n, size[n]) for n in first + second]
    x = shape.expand(x, full) if tuple(full) != x.shape else x
    m, n, k = 1, 1, len(batch)
    for s in full[k : k + len(first)]:
        m *= s
    for s in full[k + len(first) :]:
        n *= s
    return shape.reshape(x, [*full[:k], m, n])
