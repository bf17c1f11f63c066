"""The documents say what the code is: nothing that can be configured, asked or read is missing from the reference."""

import argparse
import ast
import importlib
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Literal, get_args, get_origin

import msgspec
import pytest
from msgspec import NODEFAULT, Struct, inspect

from ami_bridge import cli, wire
from ami_bridge.calls.board import Board
from ami_bridge.compose.figures import alarm_figures, figures
from ami_bridge.config import Config
from ami_bridge.config_file import load
from ami_bridge.errors import BridgeError
from ami_bridge.web.asyncapi import CLOSES, REQUESTS, TOPICS
from ami_bridge.web.openapi import Operation
from ami_bridge.web.problem import STATUS

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "ami_bridge"
REFERENCE = ROOT / "docs" / "reference"
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "sounds").glob("*.md")])
MODULES = {path: ast.parse(path.read_text(encoding="utf-8")) for path in sorted(PACKAGE.rglob("*.py"))}
MOST_LINES = 150
OF_THE_MIGRATION = "versions"


def sections(name: str) -> dict[str, str]:
    """A page of the reference by its headings, without their marks."""
    text = (REFERENCE / name).read_text(encoding="utf-8")
    parts = re.split(r"^#+ (.+)$", text, flags=re.MULTILINE)
    return {heading.replace("`", ""): body for heading, body in zip(parts[1::2], parts[2::2], strict=True)}


def rows(text: str) -> dict[str, str]:
    """The rows of the tables in a text, by each word in backticks in their first cell."""
    found = {}
    for line in text.splitlines():
        if line.startswith("| "):
            for word in re.findall(r"`([^`]+)`", line.split("|")[1]):
                found[word] = line
    return found


# ---- config.md


def config_sections(kind: type[Struct] = Config, name: str = "") -> Iterator[tuple[str, type[Struct]]]:
    """Every table of the file with the struct that it becomes."""
    for field in msgspec.structs.fields(kind):
        inside = inspect.type_info(field.type)
        options = inside.types if isinstance(inside, inspect.UnionType) else (inside,)
        for one in options:
            many = isinstance(one, inspect.ListType)
            struct = one.item_type if isinstance(one, inspect.ListType) else one
            if isinstance(struct, inspect.StructType):
                full = f"{name}{field.encode_name}"
                yield (f"[[{full}]]" if many else f"[{full}]"), struct.cls
                yield from config_sections(struct.cls, f"{full}.")


@pytest.mark.parametrize(("heading", "kind"), [pytest.param(*one, id=one[0]) for one in config_sections()])
def test_every_key_of_the_configuration_is_explained_with_its_default(heading: str, kind: type[Struct]) -> None:
    written = rows(sections("config.md")[heading])
    assert set(written) >= {field.encode_name for field in msgspec.structs.fields(kind)}
    for field in msgspec.structs.fields(kind):
        default = written[field.encode_name].split("|")[3].strip()
        if field.default is NODEFAULT and field.default_factory is NODEFAULT:
            assert default == "needed", field.name
        elif isinstance(field.default, str | int | float):
            assert default == f"`{msgspec.json.encode(field.default).decode()}`", field.name


def test_no_key_is_explained_that_does_not_exist() -> None:
    kinds = dict(config_sections())
    explained = {
        heading: {word for word, line in rows(body).items() if line.startswith(f"| `{word}` |")}
        for heading, body in sections("config.md").items()
        if heading.startswith("[")
    }
    exist = {heading: {field.encode_name for field in msgspec.structs.fields(kind)} for heading, kind in kinds.items()}
    assert explained == exist


def test_the_example_of_a_configuration_is_one(tmp_path: Path) -> None:
    example = re.search(r"```toml\n(.*?)```", (REFERENCE / "config.md").read_text(encoding="utf-8"), re.DOTALL)
    assert example
    for secret in re.findall(r'_file = "([^"/]+)"', example[1]):
        (tmp_path / secret).write_text("secret\n", encoding="utf-8")
    (tmp_path / "config.toml").write_text(example[1], encoding="utf-8")
    load(tmp_path / "config.toml")


# ---- http.md


def operations() -> Iterator[Operation]:
    """The operations of the contract, from every module that names some."""
    for path, tree in MODULES.items():
        if any(isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "OPERATIONS" for node in tree.body):
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            yield from importlib.import_module(name).OPERATIONS


def routes() -> set[str]:
    """All routes, as the code adds them to routers; the page's and the operations of the contract among them."""
    found = {f"{one.method} {one.path}" for one in operations()}
    for tree in MODULES.values():
        for call in calls(tree):
            name = call.func.attr if isinstance(call.func, ast.Attribute) else ""
            if name.startswith("add_") and call.args and isinstance(path := literal(call.args[0]), str):
                method = name.removeprefix("add_").upper()
                if path.startswith("/") and method in {"GET", "POST", "PUT", "PATCH", "DELETE"}:
                    found.add(f"{method} {path}")
    return found


def test_every_route_is_explained() -> None:
    explained = set(rows((REFERENCE / "http.md").read_text(encoding="utf-8")))
    assert {"GET /api/v1/ws", "POST /api/v1/session", "GET /livez", "POST /tokens"} <= routes()
    assert routes() <= explained


def test_no_route_is_explained_that_does_not_exist() -> None:
    explained = rows((REFERENCE / "http.md").read_text(encoding="utf-8"))
    assert {one for one in explained if re.match(r"[A-Z]+ /", one)} == routes()


def test_every_code_of_an_error_is_explained_with_its_status() -> None:
    told = sections("http.md")["Errors"]
    codes = {kind.code for kind in subclasses(BridgeError)} | set(STATUS)
    for code in codes:
        line = next((line for line in told.splitlines() if line.startswith("|") and f"`{code}`" in line), "")
        assert line.startswith(f"| {STATUS.get(code, 500)} |") or code == "unknown_op", code


def subclasses(kind: type[BridgeError]) -> set[type[BridgeError]]:
    return {kind}.union(*map(subclasses, kind.__subclasses__()))


# ---- websocket.md

MESSAGES = [*get_args(wire.FromClient), *get_args(wire.FromServer)]


def objects(kind: Any) -> set[type[Struct]]:  # noqa: ANN401 - any annotation
    """This struct and all it is made of."""
    if isinstance(kind, type) and issubclass(kind, Struct):
        return {kind}.union(*(objects(field.type) for field in msgspec.structs.fields(kind)))
    return set().union(*map(objects, get_args(kind)))


ALL_OBJECTS = sorted(set().union(*map(objects, MESSAGES)), key=lambda kind: kind.__name__)


def test_the_websocket_has_messages() -> None:
    assert {"Call", "Hello", "Peer", "Welcome"} <= {kind.__name__ for kind in ALL_OBJECTS}


@pytest.mark.parametrize("kind", ALL_OBJECTS, ids=lambda kind: kind.__name__)
def test_every_field_of_the_websocket_is_explained(kind: type[Struct]) -> None:
    tag = kind.__struct_config__.tag
    written = rows(sections("websocket.md")[str(tag or kind.__name__.lower())])
    fields = {field.encode_name for field in msgspec.structs.fields(kind)} | ({"type"} if tag else set())
    assert set(written) == fields
    for field in msgspec.structs.fields(kind):
        for word in words(field.type):
            assert f"`{word}`" in written[field.encode_name], (field.name, word)


def words(kind: Any) -> set[str]:  # noqa: ANN401 - any annotation
    """The closed list of words that a field may hold."""
    if get_origin(kind) is Literal:
        return {str(one) for one in get_args(kind)}
    return set().union(*map(words, get_args(kind)))


def test_every_topic_event_and_operation_of_the_websocket_is_explained() -> None:
    page = (REFERENCE / "websocket.md").read_text(encoding="utf-8")
    published = {
        str(literal(argument))
        for tree in MODULES.values()
        for call in calls(tree)
        if isinstance(call.func, ast.Attribute) and call.func.attr == "publish"
        for argument in call.args
        if isinstance(literal(argument), str)
    }
    asked = {
        str(literal(node.pattern.value))
        for node in ast.walk(MODULES[PACKAGE / "web" / "socket.py"])
        if isinstance(node, ast.match_case) and isinstance(node.pattern, ast.MatchValue)
    }
    asked |= {
        str(literal(key))
        for tree in MODULES.values()
        for node in tree.body
        if isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == "OPS" and isinstance(node.value, ast.Dict)
        for key in node.value.keys
        if key is not None
    }
    assert "call.changed" in published
    assert asked == set(REQUESTS) == set(rows(sections("websocket.md")["Operations"]))
    assert set(rows(sections("websocket.md")["Topics"])) == set(TOPICS)
    for word in published | {wire.PROTOCOL}:
        assert f"`{word}`" in page, word


def test_every_close_code_is_explained() -> None:
    codes = {
        node.value
        for path in MODULES
        if path.parent.name in {"web", "compose"}
        for call in calls(MODULES[path])
        if getattr(call.func, "attr", "") in {"close_soon", "close"}
        for node in ast.walk(call)
        if isinstance(node, ast.Constant) and isinstance(node.value, int) and 1000 <= node.value < 5000
    }
    assert {4008, 4500} <= codes
    lines = [line for line in sections("websocket.md")["Close codes"].splitlines() if "|" in line]
    assert {str(code) for code in codes | set(CLOSES)} == {line.split("|")[1].strip() for line in lines[2:]}


# ---- cli.md


def commands(parser: argparse.ArgumentParser, name: str) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for word, one in action.choices.items():
                yield f"{name} {word}", one
                yield from commands(one, f"{name} {word}")


@pytest.mark.parametrize(
    ("name", "parser"), [pytest.param(*one, id=one[0]) for one in commands(cli._parser(), "ami-bridge")]
)
def test_every_command_and_option_is_explained(name: str, parser: argparse.ArgumentParser) -> None:
    written = {word.split()[0] for word in rows(sections("cli.md")[name])}
    for action in parser._actions:
        if not isinstance(action, argparse._SubParsersAction | argparse._HelpAction):
            assert set(action.option_strings or [action.dest]) <= written


def test_every_variable_of_the_environment_is_explained() -> None:
    files = [*MODULES, ROOT / "Makefile"]
    used = set().union(*(re.findall(r"\bAMI_BRIDGE_[A-Z_]+", path.read_text(encoding="utf-8")) for path in files))
    assert used <= set(rows(sections("cli.md")["Environment"]))


# ---- dialplan.md


def test_every_context_and_variable_of_the_dialplan_is_explained() -> None:
    page = sections("dialplan.md")
    plans = [path.read_text(encoding="utf-8") for path in sorted((ROOT / "dialplan").glob("*.conf"))]
    contexts, variables = set(), set()
    for plan in (plan for plan in plans if re.search(r"^exten *=>", plan, re.MULTILINE)):
        contexts |= set(re.findall(r"^\[([^\]]+)\]", plan, re.MULTILINE))
        variables |= set(re.findall(r"Set\((?:GLOBAL\()?([A-Z_]+)\)?=", plan)) | set(
            re.findall(r"\bBRIDGE[A-Z_]*", plan)
        )
    assert {"bridge-name"} <= contexts
    assert set(rows(page["Contexts"])) >= contexts
    assert set(rows(page["Variables"])) >= variables


def test_every_account_of_the_manager_interface_is_explained_with_its_rights() -> None:
    page = sections("dialplan.md")["manager.conf"]
    plan = (ROOT / "dialplan" / "manager.conf").read_text(encoding="utf-8")
    assert set(rows(page)) >= set(re.findall(r"^\[([^\]]+)\]", plan, re.MULTILINE))
    own = re.search(r"^\[ami-bridge\]$(.*?)^\[", plan, re.MULTILINE | re.DOTALL)
    assert own
    for right, granted in re.findall(r"^(read|write) = (.*)$", own[1], re.MULTILINE):
        for kind in granted.split(","):
            assert re.search(rf"^\| {right} \|[^|]*`{kind}`", page, re.MULTILINE), (right, kind)


def test_every_question_of_the_dialplan_and_its_form_is_explained() -> None:
    page = (REFERENCE / "dialplan.md").read_text(encoding="utf-8")
    asked = {
        str(literal(call.args[0]))
        for path, tree in MODULES.items()
        if path.name == "pbx.py" and path.parent.name not in {"web", "demo"}
        for call in calls(tree)
        if isinstance(call.func, ast.Attribute) and ast.unparse(call.func) == "form.get"
    }
    explained = sections("dialplan.md")
    assert asked == {*rows(explained["The question for a name"]), *rows(explained["The questions about alarms"])}
    plans = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "dialplan").glob("*.conf"))
    for name in re.findall(r"CURL\(\$\{BRIDGE\}(/pbx/[a-z-]+)", plans):
        assert f"`POST {name}`" in page


def test_every_broad_except_is_told_with_its_reason() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    told = text.partition("## Where everything is caught")[2].partition("\n## ")[0]
    times = {"twice": 2, "three times": 3}
    counted = {
        path: times.get(more, 1) for path, more in re.findall(r"`([\w/]+\.py)`(?: `\w+`)?(?: \(([a-z ]+)\))?", told)
    }
    found: dict[str, int] = {}
    for path, tree in MODULES.items():
        broad = [
            one
            for one in ast.walk(tree)
            if isinstance(one, ast.ExceptHandler)
            and (one.type is None or ast.unparse(one.type) in {"Exception", "BaseException"})
        ]
        if broad and "demo" not in path.parts:
            found[str(path.relative_to(PACKAGE))] = len(broad)
    assert found == counted


# ---- metrics.md


def test_every_figure_is_explained_with_its_kind_and_labels() -> None:
    board = Board("town", hints_context="hints", new_id=str)
    things: Any = SimpleNamespace()  # nothing is read
    found = figures(board=board, desk=things, hub=things, journal=things, link=things, sync=things, directory=things)
    things.engine = things.sweeper = things.desk = None
    found += alarm_figures(things)
    told = rows((REFERENCE / "metrics.md").read_text(encoding="utf-8"))
    assert {f"ami_bridge_{one.name}" for one in found} | {"ami_bridge_build_info"} == set(told)
    for one in found:
        assert (one.kind == "counter") == one.name.endswith("_total")
        assert set(one.labels) <= {"pbx"}, "never a person or a number"
        row = told[f"ami_bridge_{one.name}"]
        assert f"| {one.kind} |" in row
        assert all(f"`{label}`" in row for label in one.labels)


# ---- logs.md


def logged() -> Iterator[tuple[str, set[str], Path]]:
    """Every event that the daemon logs, with the fields it names."""
    for path, tree in MODULES.items():
        for call in calls(tree):
            if not isinstance(call.func, ast.Attribute) or not call.args:
                continue
            event = literal(call.args[0])
            fields = {str(keyword.arg) for keyword in call.keywords} - {"exc_info"}
            if ast.unparse(call.func.value) == "log":
                assert isinstance(event, str), f"{path.name}: an event's name must be written out"
                yield event, fields, path
            elif path == PACKAGE / "asterisk" / "link.py" and call.func.attr == "_say":
                yield f"ami.{event}", fields, path


def test_every_event_of_the_log_is_explained_with_its_fields() -> None:
    explained = rows((REFERENCE / "logs.md").read_text(encoding="utf-8"))
    events = {event for event, _, _ in logged()}
    assert "ami.connected" in events
    assert events == set(explained)
    for event, fields, path in logged():
        assert re.fullmatch(r"[a-z]+\.[a-z_]+", event), path
        assert fields <= set(re.findall(r"`(\w+)`", explained[event].split("|")[3])), (event, path)


# ---- All documents


def test_the_architecture_is_told_on_few_lines_and_names_every_folder() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= MOST_LINES
    folders = {path.parent.relative_to(PACKAGE) for path in MODULES} - {Path()}
    for folder in {folder for folder in folders if folder.name != OF_THE_MIGRATION}:
        assert f"{folder.as_posix()}/" in text, folder


def anchors(path: Path) -> set[str]:
    """The headings of a page as links name them."""
    headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_link_leads_to_something_that_is_there(path: Path) -> None:
    text = re.sub(r"^```.*?^```", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    for target in re.findall(r"\[[^\]]*\]\(([^)\s]+)\)", text):
        if "://" in target:
            continue
        name, _, anchor = target.partition("#")
        there = (path.parent / name).resolve() if name else path
        assert there.exists(), target
        assert there.is_relative_to(ROOT), target
        assert not anchor or anchor in anchors(there), target


def test_every_page_can_be_found_from_the_readme() -> None:
    found, open_ = set(), [ROOT / "README.md"]
    while open_:
        path = open_.pop()
        if path in found:
            continue
        found.add(path)
        targets = re.findall(r"\]\(([^)\s#]+\.md)[)#]", path.read_text(encoding="utf-8"))
        open_ += [(path.parent / target).resolve() for target in targets]
    assert set(DOCUMENTS) - found == set()


def test_every_word_of_make_is_explained() -> None:
    targets = re.findall(r"^(\w+):.* ## ", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    written = rows((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"))
    assert {f"make {target}" for target in targets} <= set(written)


def test_every_dependency_has_its_reason() -> None:
    told = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    project = told["project"]
    wanted = [*project["dependencies"], *told["build-system"]["requires"]]
    for group in (*project["optional-dependencies"].values(), *told["dependency-groups"].values()):
        wanted += group
    names = {re.split(r"[^A-Za-z0-9-]", one)[0] for one in wanted}
    pages = [path.read_text(encoding="utf-8") for path in (ROOT / "docs" / "decisions").glob("*dependencies.md")]
    assert set(rows("".join(pages))) == names


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt", "requirements-kerberos.txt"])
def test_the_lock_files_name_no_address(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    assert "://" not in text
    assert "--hash=sha256:" in text


# ---- Reading code


def calls(tree: ast.AST) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def literal(node: ast.AST) -> object:
    """The value of a constant, else None."""
    return node.value if isinstance(node, ast.Constant) else None
