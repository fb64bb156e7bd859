"""Streams and events: what may run side by side on the GPU, and what waits for what."""

from __future__ import annotations

from types import TracebackType

from dlcore import _C
from dlcore.cuda.backend import open_backend


class Event:
    """A mark in a stream: `record` puts it behind what the stream was given so far.

    With ``enable_timing=True`` two of them measure the time that the GPU took between them. DeviceError where there is
    no GPU.
    """

    def __init__(self, enable_timing: bool = False):
        open_backend()
        self._event = 0  # so that __del__ finds it where the next line raises
        self._event = _C.cuda_event(enable_timing)
        self.enable_timing = enable_timing
        self.recorded = False

    def __del__(self) -> None:
        if getattr(self, "_event", 0):
            _C.cuda_event_free(self._event)

    def record(self, stream: Stream | None = None) -> None:
        """Marks this place in the stream (the current one)."""
        _C.cuda_event_record(self._event, _number(stream))
        self.recorded = True

    def wait(self, stream: Stream | None = None) -> None:
        """What the stream (the current one) is given from now on begins behind the mark; the host goes on."""
        _C.cuda_event_wait(self._event, _number(stream))

    def query(self) -> bool:
        """Whether all before the mark is done; True before `record`."""
        return _C.cuda_event_reached(self._event)

    def synchronize(self) -> None:
        """Waits until all before the mark is done."""
        _C.cuda_event_synchronize(self._event)

    def elapsed_time(self, end: Event) -> float:
        """Milliseconds on the GPU from this mark to `end`, once both are reached. ValueError where one was not
        recorded, or made without ``enable_timing=True``."""
        both = (self, end)
        if not all(e.enable_timing for e in both):
            raise ValueError("elapsed_time: both events need enable_timing=True when they are made")
        if not all(e.recorded for e in both):
            raise ValueError("elapsed_time: both events must be recorded first")
        if not all(e.query() for e in both):
            raise ValueError("elapsed_time: the GPU has not reached both events yet; synchronize() the later one")
        return _C.cuda_milliseconds(self._event, end._event)


class Stream:
    """A queue of work of the GPU, beside the default one: what is in two streams may run at the same time.

    Results are right only where an order is asked for: ``a.wait_stream(b)`` before a stream reads what another makes,
    and ``tensor.record_stream(a)`` where a stream reads a tensor that was made on another and may be freed before it
    has. There are 32, handed out in turn. DeviceError where there is no GPU.
    """

    def __init__(self) -> None:
        open_backend()
        self.number = _C.cuda_stream()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Stream) and self.number == other.number

    def __hash__(self) -> int:
        return hash(self.number)

    def __repr__(self) -> str:
        return f"<dlcore.cuda.Stream {self.number or 'default'}>"

    def query(self) -> bool:
        """Whether all that was given is done."""
        return _C.cuda_stream_done(self.number)

    def synchronize(self) -> None:
        """Waits until all that was given is done; raises what a kernel found wrong there."""
        _C.cuda_stream_synchronize(self.number)

    def record_event(self, event: Event | None = None) -> Event:
        """`event`, or a new one, recorded here."""
        event = event or Event()
        event.record(self)
        return event

    def wait_event(self, event: Event) -> None:
        """What is given from now on begins behind the event."""
        event.wait(self)

    def wait_stream(self, other: Stream) -> None:
        """What is given from now on begins behind all that `other` was given so far."""
        self.wait_event(other.record_event())


def _of(number: int) -> Stream:
    known = Stream.__new__(Stream)
    known.number = number
    return known


def _number(stream: Stream | None) -> int:
    return _C.cuda_current_stream() if stream is None else stream.number


def current_stream() -> Stream:
    """Where this thread's work goes."""
    open_backend()
    return _of(_C.cuda_current_stream())


def default_stream() -> Stream:
    """The stream that every thread starts with."""
    open_backend()
    return _of(0)


def set_stream(stream: Stream) -> None:
    """This thread's work goes to `stream` from now on."""
    open_backend()
    _C.cuda_set_stream(stream.number)


class stream:
    """Context manager: this thread's work inside goes to `stream`; with None the block changes nothing.

    A backward pass runs where ``backward()`` is called, in the stream that is current there.
    """

    def __init__(self, stream: Stream | None):
        self.stream = stream
        self._before: list[int] = []

    def __enter__(self) -> Stream | None:
        if self.stream is not None:
            self._before.append(_C.cuda_current_stream())
            _C.cuda_set_stream(self.stream.number)
        return self.stream

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.stream is not None:
            _C.cuda_set_stream(self._before.pop())
