import pytest

from dlcore import optim

from .common import learner, net, weights


def test_saving_and_loading_go_on_as_if_nothing_had_been(tmp_path):
    straight = learner(model=net(norm=True), path=tmp_path)
    straight.fit_one_cycle(1, 1e-2)
    path = straight.save("half")
    assert path == tmp_path / "models" / "half.safetensors"
    other = learner(model=net(norm=True, width=8), path=tmp_path)
    other.data.train_dl.epoch = 1
    assert other.load("half") is other and weights(other) == weights(straight)
    for learn in (straight, other):
        learn.fit(1, 1e-3)
    assert weights(other) == weights(straight)


def test_a_model_alone(tmp_path):
    learn = learner(path=tmp_path)
    learn.fit(1)
    learn.save("m", with_opt=False)
    other = learner(path=tmp_path, opt_func=optim.SGD)
    other.load("m")
    assert weights(other) == weights(learn) and other.opt is None


def test_what_does_not_fit_changes_nothing(tmp_path):
    learn = learner(path=tmp_path)
    learn.fit(1)
    learn.save("m")
    for other, text in (
        (learner(model=net(9), path=tmp_path), r"0.bias: \(9,\) here, \(8,\) saved"),
        (learner(opt_func=optim.SGD, path=tmp_path), r"is AdamW, this Learner's SGD; load\(…, with_opt=False\)"),
    ):
        before = weights(other)
        with pytest.raises(ValueError, match=text):
            other.load("m")
        assert weights(other) == before
    with pytest.raises(FileNotFoundError):
        learn.load("absent")
