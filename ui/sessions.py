"""What Gradio keeps of each visitor and of each call, held to what the page needs."""

import os
from collections import ChainMap
from types import SimpleNamespace
from typing import Any, cast

import gradio as gr
from gradio import blocks, route_utils, state_holder

KEPT = 1000  # visitors and single calls whose changed components are remembered; the longest unseen go first
# Gradio's statistics of calls, for its monitoring, which is shut: as computed at first, and of the last few calls.
STATISTICS = {"GRADIO_ANALYTICS_CACHE_FREQUENCY": str(10**9), "GRADIO_ANALYTICS_MAX_EVENTS": "100"}


class Nothing(dict[int, dict[Any, Any]]):
    """Settings of components by number, of which none is kept: whatever is asked for is there and empty."""

    def __contains__(self, key: object) -> bool:
        """Claim everything, so that nothing is made."""
        return True

    def __getitem__(self, key: int) -> dict[Any, Any]:
        """Give empty settings."""
        return {}

    def __setitem__(self, key: int, value: dict[Any, Any]) -> None:
        """Keep nothing."""


class Session(state_holder.SessionState):
    """A visitor's components, without the written settings of each and the last value that went through it.

    Only deep links, which the door keeps shut, read those. Gradio makes them for every single call of the API, in tens
    of milliseconds, and keeps them for 10,000 calls, pictures that were sent in them included.
    """

    def __init__(self, page: gr.Blocks) -> None:
        without_blocks = SimpleNamespace(default_config=page.default_config, blocks=())  # so it finds none to write out
        super().__init__(cast(gr.Blocks, without_blocks))
        self.config_values = Nothing()
        # What an answer changed lies above what all share, instead of a copy of it all.
        self.blocks_config.blocks = cast(dict, ChainMap({}, page.default_config.blocks))
        self.blocks_config.fns = cast(dict, ChainMap({}, page.default_config.fns))


def keep_little() -> None:
    """Have Gradio make sessions of this kind, and statistics of nothing; before the page is built."""
    for module in (state_holder, route_utils, blocks):
        vars(module)["SessionState"] = Session
    os.environ.update(STATISTICS)
