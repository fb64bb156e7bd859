"""SGD, Adam, AdamW as classes: goldens, groups, state, skipped parameters, arguments; PyTorch over 1000 steps."""

import numpy as np
import pytest

import dlcore as dl
from dlcore import optim, testing

GRADS = (0.5, -0.2, 0.1)
GOLDEN = [  # one parameter at 1; SEMANTICS 3.17 and, for the last, fast.ai's AdamW (3.5)
    (optim.SGD, {"lr": 0.1}, (0.95, 0.97, 0.96)),
    (optim.SGD, {"lr": 0.1, "momentum": 0.9}, (0.95, 0.925, 0.8925)),
    (optim.SGD, {"lr": 0.1, "momentum": 0.9, "nesterov": True}, (0.905, 0.9025, 0.86325)),
    (optim.Adam, {}, (0.999, 0.998654394, 0.998275002)),
    (optim.AdamW, {"lr": 3e-3, "betas": (0.9, 0.99), "weight_decay": 0.01}, (0.996970000, 0.995901570, 0.994729378)),
    (optim.Adagrad, {"eps": 1e-8, "form": "ruder"}, (0.99, 0.993713907, 0.991888165)),
    (optim.Adadelta, {"eps": 1e-8}, (0.999683772, 0.999857521, 0.999763390)),
    (optim.RMSprop, {"lr": 1e-3, "alpha": 0.9, "form": "ruder"}, (0.996837723, 0.998066313, 0.997431952)),
    (optim.Adamax, {}, (0.998, 0.997473157, 0.996992492)),
    (optim.NAdam, {"lr": 1e-3, "form": "ruder"}, (0.9981, 0.998065439, 0.997607251)),
    (optim.Adam, {"amsgrad": True, "form": "ruder"}, (0.996837724, 0.995369041, 0.993490964)),
]


def leaf(value, dtype=np.float64):
    return dl.tensor(np.array(value, dtype), requires_grad=True)


def give(p, g):
    p.grad = dl.tensor(np.asarray(g, p.detach().numpy().dtype))


@pytest.mark.parametrize(("cls", "options", "expected"), GOLDEN)
def test_goldens(cls, options, expected):
    w = leaf([1.0])
    opt = cls([w], **options)
    for g, e in zip(GRADS, expected, strict=True):
        give(w, [g])
        opt.step()
        assert abs(w.item() - e) < 1e-9


def test_ruder_s_forms_differ_from_pytorch_s():
    """The flag is not without effect where the golden numbers alone could be met by both."""
    for cls, options in ((optim.RMSprop, {"eps": 0.1}), (optim.Adagrad, {"eps": 0.1}), (optim.NAdam, {})):
        one, two = leaf([1.0]), leaf([1.0])
        for w, form in ((one, "pytorch"), (two, "ruder")):
            give(w, [0.5])
            cls([w], form=form, **options).step()
        assert abs(one.item() - two.item()) > 1e-4


FORMS = [
    ("SGD", {"lr": 0.01}),
    ("SGD", {"lr": 0.01, "momentum": 0.9, "weight_decay": 0.01, "nesterov": True}),
    ("SGD", {"lr": 0.01, "momentum": 0.9, "dampening": 0.3, "maximize": True}),
    ("Adam", {}),
    ("Adam", {"lr": 0.01, "betas": (0.8, 0.95), "eps": 1e-6, "weight_decay": 0.1}),
    ("Adam", {"amsgrad": True, "weight_decay": 0.1}),
    ("AdamW", {"lr": 0.01}),
    ("AdamW", {"lr": 0.01, "betas": (0.9, 0.99), "weight_decay": 0.3, "maximize": True}),
    ("AdamW", {"lr": 0.01, "amsgrad": True}),
    ("Adagrad", {}),
    ("Adagrad", {"lr": 0.1, "lr_decay": 0.01, "weight_decay": 0.1, "initial_accumulator_value": 0.3, "eps": 1e-6}),
    ("Adagrad", {"maximize": True}),
    ("Adadelta", {}),
    ("Adadelta", {"lr": 0.5, "rho": 0.95, "eps": 1e-5, "weight_decay": 0.1, "maximize": True}),
    ("RMSprop", {}),
    ("RMSprop", {"centered": True, "weight_decay": 0.1}),
    ("RMSprop", {"lr": 1e-3, "alpha": 0.9, "momentum": 0.9, "eps": 1e-6, "maximize": True}),
    ("RMSprop", {"lr": 1e-3, "momentum": 0.5, "centered": True}),
    ("Adamax", {}),
    ("Adamax", {"lr": 0.01, "betas": (0.8, 0.95), "eps": 1e-6, "weight_decay": 0.1, "maximize": True}),
    ("NAdam", {}),
    ("NAdam", {"lr": 0.01, "betas": (0.8, 0.95), "weight_decay": 0.1, "momentum_decay": 0.01}),
    ("NAdam", {"weight_decay": 0.1, "decoupled_weight_decay": True, "maximize": True}),
]


@pytest.mark.parametrize(("dtype", "bound"), [(np.float64, 1e-10), (np.float32, 1e-5)])
@pytest.mark.parametrize(("name", "options"), FORMS)
def test_agrees_with_pytorch_over_1000_steps(name, options, dtype, bound):
    torch = pytest.importorskip("torch")
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)  # NAdam keeps its product of momenta in it
    try:
        agree(torch, name, options, dtype, bound)
    finally:
        torch.set_default_dtype(before)


def agree(torch, name, options, dtype, bound):
    rng = np.random.default_rng(0)
    start = [rng.standard_normal(s) for s in ((3, 4), (5,))]
    ours = [leaf(v, dtype) for v in start]
    theirs = [torch.tensor(v.astype(dtype), requires_grad=True) for v in start]
    a, b = getattr(optim, name)(ours, **options), getattr(torch.optim, name)(theirs, foreach=False, **options)
    for step in range(1000):
        if step == 500:  # a schedule changes options between steps
            for group in (*a.param_groups, *b.param_groups):
                group["lr"] *= 0.1
                if "betas" in group:
                    group["betas"] = (0.85, 0.97)
        for p, q in zip(ours, theirs, strict=True):
            if step % 7 == 3 and p is ours[1]:  # no gradient this time: neither stepped nor decayed
                p.grad = q.grad = None
                continue
            g = rng.standard_normal(p.shape).astype(dtype)
            give(p, g)
            q.grad = torch.tensor(g)
        a.step()
        b.step()
    for p, q in zip(ours, theirs, strict=True):
        testing.assert_close(p.detach(), q.detach().numpy(), bound if dtype == np.float32 else 0, bound)
        assert set(a.state.get(p, {})) <= {"step", *b.state[q]}, "PyTorch's names"


@pytest.mark.parametrize(("name", "options"), FORMS)
def test_takes_pytorch_s_state(name, options):
    """A state_dict of PyTorch's, its tensors made ours, continues where PyTorch was."""
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    grads = rng.standard_normal((6, 5)).astype(np.float32)
    theirs = torch.ones(5, requires_grad=True)
    source = getattr(torch.optim, name)([theirs], foreach=False, **options)
    for g in grads[:3]:
        theirs.grad = torch.tensor(g)
        source.step()
    state = source.state_dict()
    state["state"] = {
        i: {k: dl.tensor(v.numpy().copy()) if isinstance(v, torch.Tensor) else v for k, v in s.items() if v is not None}
        for i, s in state["state"].items()
    }
    ours = leaf(theirs.detach().numpy(), np.float32)
    target = getattr(optim, name)([ours], **options)
    target.load_state_dict(state)
    for g in grads[3:]:
        theirs.grad = torch.tensor(g)
        give(ours, g)
        source.step()
        target.step()
    testing.assert_close(ours.detach(), theirs.detach().numpy(), 1e-5, 1e-6)


def test_a_state_that_options_come_to_need_later_starts_from_zeros():
    w, v = leaf([1.0, 2.0]), leaf([1.0, 2.0])
    one, two = optim.RMSprop([w], lr=0.1), optim.RMSprop([v], lr=0.1, momentum=1e-300)
    for opt, p in ((one, w), (two, v)):
        with testing.poison():
            give(p, [0.5, -0.5])
            opt.step()
            opt.param_groups[0]["momentum"] = 0.9
            give(p, [0.5, -0.5])
            opt.step()
    assert np.isfinite(w.detach().numpy()).all()
    first = v.detach().numpy() - w.detach().numpy()  # two's buffer still held its first step, one's began at 0
    assert np.abs(first).max() > 0.1


def test_centred_rmsprop_of_a_constant_gradient_stays_finite():
    """s - m² rounds below 0 there, and PyTorch's root of it is NaN."""
    w = leaf([1.0, 1.0, 1.0], np.float32)
    opt = optim.RMSprop([w], lr=1e-3, alpha=0.5, centered=True, eps=1.0)
    for _ in range(200):
        give(w, [0.1, 0.3, 0.7])
        opt.step()
    assert np.isfinite(w.detach().numpy()).all()


def test_groups_have_their_own_options():
    a, b = leaf([1.0]), leaf([1.0])
    opt = optim.SGD([{"params": [a]}, {"params": b, "lr": 0.5}], lr=0.1)
    give(a, [1.0])
    give(b, [1.0])
    opt.step()
    assert (round(a.item(), 12), b.item()) == (0.9, 0.5)
    opt.param_groups[0]["lr"] = 0.9
    opt.step()
    assert abs(a.item()) < 1e-12
    c = leaf([1.0])
    opt.add_param_group({"params": [c], "lr": 1.0})
    give(c, [1.0])
    opt.step()
    assert c.item() == 0.0


def test_zero_grad():
    w = leaf([1.0, 2.0])
    opt = optim.SGD([w])
    give(w, [1.0, 1.0])
    opt.zero_grad(set_to_none=False)
    assert w.grad.tolist() == [0.0, 0.0]
    opt.zero_grad()
    assert w.grad is None
    opt.step()
    assert w.tolist() == [1.0, 2.0]


def test_closure_records_and_its_loss_is_returned():
    w = leaf([2.0])
    opt = optim.SGD([w], lr=1.0)

    def closure():
        assert dl.is_grad_enabled()
        give(w, [1.0])
        return 7.0

    with dl.no_grad():
        assert opt.step(closure) == 7.0
    assert w.item() == 1.0


@pytest.mark.parametrize(("cls", "options"), [(getattr(optim, n), o) for n, o in FORMS])
def test_state_dict_continues_bit_for_bit(cls, options):
    rng = np.random.default_rng(0)
    grads = rng.standard_normal((6, 5))

    def steps(w, opt, which):
        for k in which:
            give(w, grads[k])
            opt.step()

    one = leaf(np.ones(5), np.float32)
    opt = cls([one], **options)
    steps(one, opt, range(3))
    saved = opt.state_dict()
    assert saved["param_groups"][0]["params"] == [0]
    two = leaf(one.detach().numpy().copy(), np.float32)
    again = cls([two], **{**options, "lr": 0.123})
    again.load_state_dict(saved)
    steps(one, opt, range(3, 6))
    steps(two, again, range(3, 6))
    assert one.detach().numpy().tobytes() == two.detach().numpy().tobytes()
    assert again.param_groups[0]["lr"] == opt.param_groups[0]["lr"] != 0.123


def test_load_state_dict_refuses_another_model():
    opt = optim.SGD([leaf([1.0])], momentum=0.9)
    with pytest.raises(ValueError, match=r"groups of \[1\] parameters cannot take the state of groups of \[2\]"):
        opt.load_state_dict(optim.SGD([leaf([1.0]), leaf([1.0])]).state_dict())
    other = leaf([1.0, 2.0])
    source = optim.SGD([other], momentum=0.9)
    give(other, [1.0, 1.0])
    source.step()
    with pytest.raises(dl.ShapeError, match=r"momentum_buffer has shape \(2,\), its parameter \(1,\)"):
        opt.load_state_dict(source.state_dict())
    assert opt.state == {}


def test_a_step_in_place_is_seen_by_a_later_backward():
    w = leaf([1.0])
    y = dl.sigmoid(w)
    with dl.no_grad():
        opt = optim.SGD([w])
        give(w, [1.0])
        before = w.array.version
        opt.step()
    assert w.array.version == before + 1 and y.requires_grad


@pytest.mark.parametrize(
    ("make", "error", "match"),
    [
        (lambda: optim.SGD([]), ValueError, "SGD: the list of parameters is empty"),
        (lambda: optim.SGD(leaf([1.0])), TypeError, "got one tensor; write"),
        (lambda: optim.SGD([1.0]), TypeError, "parameter 0 is a float, not a Tensor"),
        (lambda: optim.SGD([leaf([1.0])], lr=-1), ValueError, "SGD: lr must not be negative, got -1"),
        (lambda: optim.SGD([leaf([1.0])], momentum=-1), ValueError, "momentum must not be negative"),
        (lambda: optim.SGD([leaf([1.0])], nesterov=True), ValueError, "nesterov needs a momentum above 0"),
        (lambda: optim.Adam([leaf([1.0])], betas=(0.9, 1.0)), ValueError, r"betas are two numbers in \[0, 1\)"),
        (lambda: optim.Adam([leaf([1.0])], lr=float("nan")), ValueError, "lr must not be negative, got nan"),
        (lambda: optim.AdamW([leaf([1.0])], eps=-1), ValueError, "AdamW: eps must not be negative"),
        (lambda: optim.RMSprop([leaf([1.0])], alpha=-1), ValueError, "RMSprop: alpha must not be negative, got -1"),
        (lambda: optim.RMSprop([leaf([1.0])], form="x"), ValueError, 'form is "pytorch" or "ruder", got \'x\''),
        (lambda: optim.Adagrad([leaf([1.0])], lr_decay=-1), ValueError, "Adagrad: lr_decay must not be negative"),
        (lambda: optim.Adadelta([leaf([1.0])], rho=2), ValueError, r"Adadelta: rho is a number in \[0, 1\], got 2"),
        (lambda: optim.Adamax([leaf([1.0])], betas=(1, 1)), ValueError, "Adamax: betas are two numbers"),
        (lambda: optim.NAdam([leaf([1.0])], momentum_decay=-1), ValueError, "NAdam: momentum_decay must not be"),
        (lambda: optim.Adam([dl.sigmoid(leaf([1.0]))]), ValueError, "is a result of ops, not a leaf"),
        (lambda: optim.Adam([{"params": [leaf([1.0])], "rho": 1}]), ValueError, "unknown option 'rho'"),
        (lambda: optim.Adam([{"lr": 1}]), TypeError, 'a parameter group is a dict with "params"'),
        (lambda: optim.Adam([{"params": {leaf([1.0])}}]), TypeError, "a set of parameters has no order"),
    ],
)
def test_wrong_arguments(make, error, match):
    with pytest.raises(error, match=match):
        make()


def test_the_same_parameter_twice():
    w = leaf([1.0])
    with pytest.raises(ValueError, match="given twice"):
        optim.SGD([w, w])
    with pytest.raises(ValueError, match="in another group"):
        optim.SGD([{"params": [w]}, {"params": [w]}])


def test_repr_shows_each_group():
    text = repr(optim.SGD([leaf([1.0])], lr=0.1))
    assert text.startswith("SGD (") and "group 0: 1 parameters, lr=0.1" in text
