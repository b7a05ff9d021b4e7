from talktiers.adapters.system.clock import SystemClock
from talktiers.adapters.system.id_factory import Uuid7Factory
from talktiers.ports.contracts.clock import ClockContract
from talktiers.ports.contracts.id_factory import IdFactoryContract


class TestSystemClock(ClockContract):
    def make(self) -> SystemClock:
        return SystemClock()


class TestUuid7Factory(IdFactoryContract):
    def make(self) -> Uuid7Factory:
        return Uuid7Factory(clock=SystemClock())
