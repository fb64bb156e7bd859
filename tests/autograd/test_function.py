"""autograd.Function: custom ops, what they may leave out, and what they are told when they are wrong."""

import gc
import weakref

import numpy as np
import pytest

import dlcore as dl
from dlcore import testing
from dlcore.autograd import Function


class Cube(Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x * x

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return 3 * x * x * g


class Both(Function):
    """The sum and the product of two tensors, scaled."""

    @staticmethod
    def forward(ctx, x, y, scale):
        ctx.save_for_backward(x, None, y)
        ctx.scale = scale
        return scale * (x + y), x * y

    @staticmethod
    def backward(ctx, g, h):
        x, nothing, y = ctx.saved_tensors
        assert nothing is None
        s = ctx.scale
        needs = ctx.needs_input_grad
        return s * g + y * h if needs[0] else None, s * g + x * h if needs[1] else None, None


def leaf(*values):
    return dl.tensor(list(values), requires_grad=True)


def draw(*shape):
    return dl.tensor(np.random.default_rng(0).standard_normal(shape), requires_grad=True)


def test_gradients_are_right():
    testing.gradcheck(Cube.apply, [draw(2, 3)])
    testing.gradcheck(lambda x, y: Both.apply(x, y, 3.0)[0], [draw(4), draw(4)])
    testing.gradcheck(lambda x, y: Both.apply(x, y, 3.0)[1], [draw(4), draw(4)])

    def mixed(x, y):
        a, b = Both.apply(x * 2, y, 3.0)
        return Cube.apply(a) + b * a

    testing.gradcheck(mixed, [draw(4), draw(4)])


def test_what_is_not_needed_is_not_recorded():
    x = leaf(1.0)
    assert Cube.apply(x).requires_grad and not Cube.apply(dl.ones(1)).requires_grad
    with dl.no_grad():
        assert not Cube.apply(x).requires_grad
    y = dl.ones(1)
    a, b = Both.apply(x, y, 1.0)
    (a + b).backward()
    assert x.grad.item() == 2.0 and y.grad is None


def test_an_output_that_no_gradient_reaches_counts_as_zeros_or_none():
    class Pair(Both):
        @staticmethod
        def backward(ctx, g, h):
            seen.append(h)
            return Both.backward(ctx, g, h if h is not None else dl.zeros(2))

    class Bare(Pair):
        @staticmethod
        def forward(ctx, x, y, scale):
            ctx.set_materialize_grads(False)
            return Both.forward(ctx, x, y, scale)

    seen = []
    Pair.apply(leaf(1.0, 2.0), leaf(3.0, 4.0), 1.0)[0].sum().backward()
    Bare.apply(leaf(1.0, 2.0), leaf(3.0, 4.0), 1.0)[0].sum().backward()
    assert seen[0].tolist() == [0.0, 0.0] and seen[1] is None


def test_marked_outputs_and_whole_numbers_need_no_gradient():
    class Largest(Function):
        @staticmethod
        def forward(ctx, x):
            value, index = x.max(dim=0)
            sign = dl.sign(value)
            ctx.mark_non_differentiable(sign)
            ctx.index, ctx.n = index.item(), x.shape[0]
            return value, index, sign

        @staticmethod
        def backward(ctx, g, of_index, of_sign):
            assert of_sign.tolist() == 0.0
            whole = np.zeros(ctx.n, np.float32)
            whole[ctx.index] = g.item()
            return dl.tensor(whole)

    x = leaf(1.0, 7.0, 2.0)
    value, index, sign = Largest.apply(x)
    assert value.requires_grad and not index.requires_grad and not sign.requires_grad and index.item() == 1
    (value * 2).backward()
    assert x.grad.tolist() == [0.0, 2.0, 0.0]


def test_setup_context_in_a_place_of_its_own():
    class Scaled(Function):
        @staticmethod
        def forward(x, factor):
            return x * factor

        @staticmethod
        def setup_context(ctx, inputs, output):
            ctx.factor = inputs[1]

        @staticmethod
        def backward(ctx, g):
            return g * ctx.factor, None

    x = leaf(1.0)
    Scaled.apply(x, 4.0).backward()
    assert x.grad.item() == 4.0


def test_saved_values_are_guarded_freed_and_kept_on_request():
    x = leaf(2.0)
    y = Cube.apply(x)
    y.backward(retain_graph=True)
    y.backward()
    assert x.grad.item() == 24.0
    with pytest.raises(RuntimeError, match="retain_graph=True"):
        y.backward()
    w = x * 1
    z = Cube.apply(w)
    w.array.bump_version()
    with pytest.raises(RuntimeError, match="changed in place"):
        z.backward()


def test_a_context_that_is_kept_keeps_no_tensors():
    contexts = []

    class Kept(Cube):
        @staticmethod
        def backward(ctx, g):
            contexts.append(ctx)
            return Cube.backward(ctx, g)

    y = Kept.apply(leaf(2.0))
    y.backward()
    assert contexts[0].saved_tensors == () and y.node.inputs[0].saved is None


def test_two_walks_through_several_outputs():
    x, y = leaf(2.0), leaf(3.0)
    a, b = Both.apply(x, y, 1.0)
    total = a + b
    total.backward(retain_graph=True)
    b.backward()
    assert x.grad.item() == (1 + 3) + 3 and y.grad.item() == (1 + 2) + 2


def test_reference_counting_frees_a_custom_op():
    gc.disable()
    try:
        x = leaf(1.0)
        a, b = Both.apply(x, x, 1.0)
        nodes = [weakref.ref(a.node), weakref.ref(a.node.inputs[0])]
        del a, b
        assert all(node() is None for node in nodes)
    finally:
        gc.enable()


def wrong(forward=None, backward=None):
    def as_is(ctx, x):
        return x * 1

    return type(
        "Wrong",
        (Function,),
        {
            "forward": staticmethod(forward or as_is),
            "backward": staticmethod(backward or as_is),
        },
    )


@pytest.mark.parametrize(
    ("cls", "error", "text"),
    [
        (
            wrong(backward=lambda ctx, g: (g, g)),
            RuntimeError,
            "Wrong.backward: returned 2 gradients for the 1 arguments",
        ),
        (wrong(backward=lambda ctx, g: ()), RuntimeError, "returned 0 gradients for the 1 arguments of forward"),
        (
            wrong(backward=lambda ctx, g: g.sum()),
            dl.ShapeError,
            r"Wrong.backward: gradient 0 must match its argument; gradient=\(\) float32, argument=\(2,\) float32",
        ),
        (wrong(backward=lambda ctx, g: g.double()), dl.ShapeError, r"gradient=\(2,\) float64, argument=\(2,\) float32"),
        (wrong(backward=lambda ctx, g: 1.0), TypeError, "gradient 0 is a float; it must be a Tensor or None"),
        (wrong(forward=lambda ctx, x: 1.0), TypeError, "Wrong.forward: it returned a float; it must give tensors"),
        (wrong(forward=lambda ctx, x: (x, 1)), TypeError, "Wrong.forward: output 1 is a int"),
        (wrong(forward=lambda ctx, x: ctx.save_for_backward(3)), TypeError, "save_for_backward takes tensors"),
        (
            type("Half", (Function,), {"forward": staticmethod(lambda ctx, x: x * 1)}),
            NotImplementedError,
            "Half: define",
        ),
        (Function, NotImplementedError, r"define a static forward\(ctx, \*args\)"),
    ],
)
def test_mistakes(cls, error, text):
    with pytest.raises(error, match=text):
        cls.apply(leaf(1.0, 2.0)).sum().backward()


def test_trailing_nones_pass_as_in_pytorch():
    x = leaf(1.0, 2.0)
    wrong(backward=lambda ctx, g: (g, None, None)).apply(x).sum().backward()
    assert x.grad.tolist() == [1.0, 1.0]
