import pytest

from dlcore import nn
from dlcore.train import lr_range
from dlcore.train.groups import make_groups, split_params

from .common import bunch, learner, net, weights


def test_the_golden_learning_rates():
    assert lr_range(slice(1e-5, 1e-3), 3) == pytest.approx([1e-5, 1e-4, 1e-3], rel=1e-12)
    expected = [2.18830e-4, 5.68958e-4, 1.479290e-3, 3.846154e-3, 1e-2]
    assert lr_range(slice(1e-2 / 2.6**4, 1e-2), 5) == pytest.approx(expected, rel=1e-6)
    assert lr_range(slice(1e-2), 3) == pytest.approx([1e-3, 1e-3, 1e-2], rel=1e-12)
    assert lr_range(3e-3, 3) == [3e-3] * 3 and lr_range([1, 2, 3], 3) == [1, 2, 3]


def test_one_group_takes_the_stop_of_a_slice():
    """fast.ai v1 divides by zero."""
    assert lr_range(slice(1e-5, 1e-3), 1) == [1e-3] == lr_range(slice(1e-3), 1)


@pytest.mark.parametrize(("lr", "text"), [(slice(None), "needs a stop"), ([1, 2], "2 learning rates for 3 layer")])
def test_rates_that_cannot_be(lr, text):
    with pytest.raises(ValueError, match=text):
        lr_range(lr, 3)


def parameters(group):
    return [id(p) for part in split_params(group, set()) for p in part]


def test_groups_begin_at_the_modules_given_and_are_complete():
    model = nn.Sequential(nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3)), nn.ReLU(), net(3))
    for split_on in ([model[2]], lambda m: [m[2]], model[2], [[model[0], model[1]], [model[2]]]):
        groups = make_groups(model, split_on)
        assert len(groups) == 2
        assert parameters(groups[0]) == [
            id(model[0][0].weight),
            *map(id, (model[0][0].bias, *model[0][1].parameters())),
        ]
        assert sorted(parameters(groups[1])) == sorted(map(id, model[2].parameters()))
    assert len(make_groups(model)) == 1


def test_groups_that_cannot_be():
    model = net()
    with pytest.raises(ValueError, match="Linear is not a part of the model"):
        make_groups(model, [nn.Linear(1, 1)])
    with pytest.raises(ValueError, match="leave out parameters of Linear"):
        make_groups(model, [[model[0]]])
    with pytest.raises(TypeError, match="needs modules"):
        make_groups(model, [0])


def test_a_shared_parameter_belongs_to_the_first_group():
    model = net()
    model[2] = model[0]
    seen = set()
    first, second = (split_params(group, seen) for group in make_groups(model, [[model[0]], [model[1], model[2]]]))
    assert len(first[0]) == len(first[1]) == 1 and second == ([], [])


def trainable(learn):
    return [name for name, p in learn.model.named_parameters() if p.requires_grad]


def deep(**options):
    model = nn.Sequential(*net(norm=True), nn.Linear(2, 2))
    return learner(model=model, layer_groups=[model[3], model[4]], **options)


def test_freezing_spares_batch_norm():
    learn = deep()
    learn.freeze()
    assert trainable(learn) == ["1.weight", "1.bias", "4.weight", "4.bias"]
    learn.freeze_to(1)
    assert trainable(learn) == ["1.weight", "1.bias", "3.weight", "3.bias", "4.weight", "4.bias"]
    learn.unfreeze()
    assert len(trainable(learn)) == 8
    learn = deep(train_bn=False)
    learn.freeze()
    assert trainable(learn) == ["4.weight", "4.bias"]


def test_what_is_frozen_stays_and_the_optimiser_starts_anew():
    learn = deep()
    learn.fit(1)
    before, opt = weights(learn), learn.opt
    learn.freeze()
    learn.fit(1)
    after = weights(learn)
    changed = {name for name in before if before[name] != after[name]}
    assert learn.opt is not opt
    assert changed == {"1.weight", "1.bias", "4.weight", "4.bias"} | {
        "1.running_mean",  # a frozen layer's statistics still follow the data: BnFreeze stops that
        "1.running_var",
        "1.num_batches_tracked",
    }


def test_freezing_needs_groups():
    with pytest.raises(ValueError, match="the model is one layer group"):
        learner(bunch()).freeze()
    with pytest.raises(ValueError, match="group 3 of 3 layer groups"):
        deep().freeze_to(3)
