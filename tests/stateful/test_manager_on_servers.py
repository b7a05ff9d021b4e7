"""The same state machine as in `test_manager_model`, on a memory whose tiers are the four servers."""

from __future__ import annotations

import itertools

from four_servers import FourServers
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test
from test_manager_model import MemoryMachine

from talktiers.entrypoints.configuration import load_settings
from talktiers.entrypoints.settings import Settings


def test_a_memory_on_the_four_servers_agrees_with_the_model(four_servers: FourServers) -> None:
    number = itertools.count()

    class FourServersMachine(MemoryMachine):
        def chosen_settings(self) -> Settings:
            return load_settings(four_servers.part(f"{next(number)}").settings(), environment={})

    run_state_machine_as_test(
        FourServersMachine,
        settings=settings(
            max_examples=8, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
