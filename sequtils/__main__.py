"""The command line. Exit status: 0 success, 1 an experiment or the setting failed, 2 wrong usage or wrong data."""

import argparse
import sys

from sequtils import paths
from sequtils.data import DataError


def main(arguments=None):
    """Run one command and return its exit status."""
    options = _parser().parse_args(arguments)
    try:
        return options.command(options)
    except DataError as error:
        print(error, file=sys.stderr)
        return 2
    except OSError as error:  # a full disk, a folder that cannot be written
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nstopped; what was finished is kept, the same command goes on from there", file=sys.stderr)
        return 130


def _parser():
    parser = argparse.ArgumentParser(prog="sequtils", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    report = commands.add_parser("report", help="run the notebooks, then set the report as PDF and HTML")
    report.add_argument("--profile", choices=("quick", "standard", "full"), default="standard", help="how much to run")
    report.add_argument("--data-root", metavar="DIR", help="the course's data; default: the embedded sample")
    report.add_argument("--jobs", type=_at_least_one, metavar="N", help="how many at once; default: one for each core")
    report.add_argument("--only", nargs="+", default=(), metavar="NN", choices=_numbers(),
                        help="numbers of notebooks, such as 03 04")
    report.add_argument("--build", metavar="DIR", help="where to write; default: report/build")
    report.add_argument("--cluster", metavar="ADDRESS", help="train on a Dask cluster, such as tcp://host:8786")
    report.set_defaults(command=_report)
    check = commands.add_parser("check-data", help="describe a folder of data and list every problem in it")
    check.add_argument("folder", metavar="DIR")
    check.set_defaults(command=_check)
    render = commands.add_parser("render", help="set the report again from what the notebooks published")
    render.add_argument("--build", metavar="DIR", help="where it was written; default: report/build")
    render.set_defaults(command=_render)
    hand_in = commands.add_parser("hand-in", help="copy the report into report/, its results into README.md")
    hand_in.add_argument("--build", metavar="DIR", help="where it was written; default: report/build")
    hand_in.set_defaults(command=_hand_in)
    return parser


def _numbers():
    return sorted(notebook.name[:2] for notebook in paths.NOTEBOOKS.glob("[0-9][0-9]_*.ipynb"))


def _at_least_one(text):
    if int(text) < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return int(text)


def _report(options):
    from sequtils.report import runner  # each command imports what it needs: torch and matplotlib cost seconds

    failed = runner.report(options.profile, options.data_root, options.jobs, options.only, options.build,
                           options.cluster)
    status = _render(options)
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else status


def _check(options):
    from sequtils.data.check import check

    lines, problems = check(options.folder)
    print("\n".join(lines))
    print("\n".join(problems) or "no problems", file=sys.stderr if problems else sys.stdout)
    return 2 if problems else 0


def _render(options):
    from sequtils.report.render import RenderError, render

    try:
        print(*render(options.build), sep="\n")
    except RenderError as error:
        print(f"the report could not be set: {error}", file=sys.stderr)
        return 1
    return 0


def _hand_in(options):
    from sequtils.report.release import hand_in

    try:
        print(*hand_in(options.build), sep="\n")
    except ValueError as error:
        print(f"nothing was handed in: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
