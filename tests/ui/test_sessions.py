"""What is kept of a visitor: components that an answer changed, and nothing of what was sent."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import gradio as gr
import pytest
from gradio import blocks, route_utils, state_holder

from ui import sessions


@pytest.fixture
def page():
    """A page whose first event gives a menu another choice; the second answers what was chosen."""
    with gr.Blocks() as made:
        menu, chosen = gr.Dropdown(["old"]), gr.Textbox()
        gr.Button().click(lambda: gr.update(choices=["old", "new"]), None, menu)
        gr.Button().click(lambda choice: choice, menu, chosen)
    return made


def run(page, session, event, inputs):
    with ThreadPoolExecutor(1) as apart:  # the browser of other tests may have its own loop running here
        return apart.submit(asyncio.run, page.process_api(page.fns[event], inputs, state=session)).result()["data"]


def test_holds_what_gradios_own_session_holds(page):
    own, ours = vars(state_holder.SessionState(page)), vars(sessions.Session(page))
    assert ours.keys() == own.keys()
    assert {name for name in own if name not in ("blocks_config", "config_values") and own[name] != ours[name]} == set()
    assert vars(ours["blocks_config"]).keys() == vars(own["blocks_config"]).keys()
    assert ours["blocks_config"].blocks == own["blocks_config"].blocks


@pytest.mark.parametrize("kind", [state_holder.SessionState, sessions.Session])
def test_a_menu_that_was_changed_is_remembered_for_its_visitor_alone(page, kind):
    one, other = kind(page), kind(page)
    run(page, one, 0, [])
    assert run(page, one, 1, ["new"]) == ["new"]
    with pytest.raises(gr.Error, match="not in the list of choices"):
        run(page, other, 1, ["new"])


def test_nothing_that_was_sent_is_kept(page, monkeypatch):
    monkeypatch.setattr(blocks.BlocksConfig, "config_for_block", lambda *_: pytest.fail("settings were written out"))
    session = sessions.Session(page)
    run(page, session, 1, ["old"])
    assert list(session.config_values) == []
    assert list(session.components) == []
    assert "old" not in str(vars(session))


def test_every_way_to_make_a_session_makes_ours(page, monkeypatch):
    for module in (state_holder, route_utils, blocks):
        monkeypatch.setattr(module, "SessionState", state_holder.SessionState)
    for name in sessions.STATISTICS:
        monkeypatch.setenv(name, "1")
    sessions.keep_little()
    holder = state_holder.StateHolder()
    page.state_session_capacity = 3
    holder.set_blocks(page)
    assert {type(holder[str(number)]) for number in range(9)} == {sessions.Session}
    assert len(holder.session_data) == 3
    page.queue()
    assert page._queue.compute_analytics_summary([{"function": "x"}]) == {"functions": {}}
