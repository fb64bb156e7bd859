"""The `dlcore` command from its first line on, and what Ctrl-C does to it.

It stands outside the package because importing anything of `dlcore` imports NumPy and the kernels first: a tenth of a
second in which Python answers Ctrl-C with a traceback. (Before its first line Python itself
starts; nothing helps there.)
"""

import math
import os
import signal
import sys
import time

_LINE = b"dlcore: interrupted; nothing was saved\n"


class Interrupts:
    """Ctrl-C ends the process until `begin`, then raises KeyboardInterrupt, and after `ignore` comes too late.

    Before `begin` there is nothing to tidy up, but there are imports, of compiled modules too, which lose exceptions.
    After one interrupt the next is heard two seconds later: until then what the first one unwinds is left in peace.
    A KeyboardInterrupt that is raised inside a finaliser is not passed on by Python; it is raised again.
    """

    def __init__(self) -> None:
        self._begun = False
        self._deaf_until = 0.0

    def install(self) -> None:
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # not under nohup, or in the background
            signal.signal(signal.SIGINT, self._take)
            signal.signal(signal.SIGALRM, self._take)
            sys.unraisablehook = self._unraisable

    def begin(self) -> None:
        self._begun = True

    def ignore(self) -> None:
        self._deaf_until = math.inf

    def _take(self, *_: object) -> None:
        if not self._begun:
            os.write(2, _LINE)
            os._exit(130)
        if time.monotonic() >= self._deaf_until:
            self._deaf_until = time.monotonic() + 2
            raise KeyboardInterrupt

    def _unraisable(self, what: "sys.UnraisableHookArgs") -> None:
        if not issubclass(what.exc_type, KeyboardInterrupt):
            sys.__unraisablehook__(what)
        elif self._deaf_until != math.inf:
            self._deaf_until = 0.0
            signal.setitimer(signal.ITIMER_REAL, 0.001)  # SIGALRM, when the finaliser and this function are done


interrupts = Interrupts()


def _interrupted(error: BaseException | None) -> bool:
    """Whether `error` is an interrupt, or went wrong as one unwound: threading's locks can be left half released."""
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__context__
    return error is not None


def main() -> int:
    """Run the command line of this process; returns the exit code."""
    while (handle := os.open(os.devnull, os.O_RDWR)) < 3:
        pass  # a standard stream that is closed would give its number to the next file, which C code then writes to
    os.close(handle)
    interrupts.install()
    try:
        from dlcore.cli import main as command
    except ValueError as error:  # an environment variable that the library refuses
        if not str(error).startswith("DLCORE_"):
            raise
        os.write(2, f"dlcore: {error}\n".encode(errors="backslashreplace"))
        return 2
    try:
        code = command()
        interrupts.ignore()
    except BaseException as error:
        if not _interrupted(error):
            raise
        interrupts.ignore()
        os.write(2, _LINE)
        code = 130
    if code == 130:
        os._exit(code)  # threads in the middle of a batch are not waited for, and no finaliser has a last word
    return code
