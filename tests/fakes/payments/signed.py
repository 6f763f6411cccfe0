"""What the fakes have in common whose callbacks are signed and go to one address of the account."""

from dataclasses import dataclass

from tests.fakes.payments.site import Courier, Site


@dataclass(frozen=True, slots=True)
class Callback:
    """A callback as it goes over the wire; header names in lower case."""

    raw: bytes
    headers: dict[str, str]


class SignedSite(Site):
    """An account that tells what happens.

    Everything told is kept in `told`, oldest first. With a `hook_url` each is also brought there;
    without one a test takes them from `told` and hands them over as it likes: late, twice, in
    another order, changed.
    """

    def __init__(self, courier: Courier | None = None) -> None:
        self.hook_url = ""
        self.told: list[Callback] = []
        super().__init__(courier or Courier(retries=4, pause_s=0.2))

    def send(self, callback: Callback, times: int = 1) -> None:
        """Bring a callback so often."""
        for _ in range(times):
            headers = dict(callback.headers)
            self.courier.send(self.hook_url, callback.raw, headers.pop("content-type"), headers)

    def tell(self, callback: Callback) -> None:
        """Something has happened."""
        self.told.append(callback)
        if self.hook_url:
            self.send(callback)
