"""The terminal stands alone: it loads nothing of the platform's, and the front door starts without Textual."""

import subprocess
import sys

FOREIGN = (
    "prewatt_platform",
    "prewatt_graphql",
    "prewatt_simulator",
    "prewatt_harness",
    "sqlalchemy",
    "strawberry",
)


def loaded_by(statement: str) -> set[str]:
    code = f"{statement}\nimport sys\nprint('\\n'.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return {module.partition(".")[0] for module in done.stdout.split()}


def test_the_client_loads_nothing_of_the_platforms() -> None:
    loaded = loaded_by("import prewatt_tui.client")
    assert "gql" in loaded
    assert loaded.isdisjoint((*FOREIGN, "textual"))


def test_the_whole_terminal_loads_nothing_of_the_platforms() -> None:
    loaded = loaded_by("import prewatt_tui.app")
    assert "textual" in loaded
    assert loaded.isdisjoint(FOREIGN)


def test_its_command_is_offered_without_loading_textual() -> None:
    assert loaded_by("import prewatt_tui.cli").isdisjoint((*FOREIGN, "textual", "gql", "httpx"))
