import pytest

from dlcore.registry import make, register, spec_of


@register
def adder(n, *, by=1):
    return lambda x: x + n * by


@register
class Box:
    def __init__(self, size, **more):
        self.size, self.more = size, more


def test_what_is_made_remembers_how():
    assert spec_of(adder(2)) == {"name": "adder", "args": {"n": 2}}
    assert make(spec_of(adder(2, by=5)))(1) == 11
    box = make(spec_of(Box((1, 2), lid=True)))
    assert (box.size, box.more) == ([1, 2], {"lid": True})
    assert spec_of(lambda x: x) is None

    class Sub(Box):
        pass

    assert spec_of(Sub(1)) is None  # its own name is not registered


def test_a_name_belongs_to_one():
    def other():
        pass

    other.__name__ = "adder"
    with pytest.raises(ValueError, match="the name 'adder' is taken by"):
        register(other)
    assert register(adder.__wrapped__)(1)(1) == 2  # the same again


@pytest.mark.parametrize(
    ("spec", "text"),
    [
        ({"name": "gone", "args": {}}, "'gone' is not registered here"),
        ({"name": "adder", "args": {"m": 1}}, "adder does not take the file's arguments"),
        ({"name": "adder"}, "a spec is"),
        ("adder", "a spec is"),
        ({"name": ["adder"], "args": {}}, "a spec is"),
    ],
)
def test_what_cannot_be_made(spec, text):
    with pytest.raises(ValueError, match=text):
        make(spec)


def test_arguments_that_no_file_can_hold():
    with pytest.raises(ValueError, match="adder: n is a object"):
        spec_of(adder(object()))
