"""Names to addresses, in threads that never hold up the end of the process."""

from __future__ import annotations

import asyncio
import socket
import threading

from aiohttp.abc import AbstractResolver, ResolveResult


class Resolver(AbstractResolver):
    """aiohttp's interface to `look_up`."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        return await look_up(host, port, family)

    async def close(self) -> None:
        """Nothing to free."""


async def look_up(host: str, port: int, family: int = socket.AF_UNSPEC) -> list[ResolveResult]:
    """getaddrinfo(3) in a daemon thread a lookup. Raises OSError.

    The default thread pool has few threads, which dead name servers would keep busy for half a minute, and joins
    them at exit; a lookup a host and ten minutes is rare enough for a thread of its own.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[list[ResolveResult]] = loop.create_future()

    def settle(result: list[ResolveResult] | None, error: OSError | UnicodeError | None) -> None:
        if done.done():
            return
        if result is None:
            done.set_exception(error if isinstance(error, OSError) else OSError(str(error)))
        else:
            done.set_result(result)

    def work() -> None:
        result, error = None, None
        try:
            result = _addresses(host, port, family)
        except (OSError, UnicodeError) as fault:
            error = fault
        if not loop.is_closed():
            try:
                loop.call_soon_threadsafe(settle, result, error)
            except RuntimeError:  # closed in this moment: nobody waits any more
                return

    threading.Thread(target=work, name=f"resolve {host}", daemon=True).start()
    return await done


def _addresses(host: str, port: int, family: int) -> list[ResolveResult]:
    found = socket.getaddrinfo(host, port, family, socket.SOCK_STREAM, 0, socket.AI_ADDRCONFIG)
    return [
        ResolveResult(
            hostname=host,
            host=str(where[0]),
            port=int(where[1]),
            family=kind,
            proto=protocol,
            flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
        )
        for kind, _, protocol, _, where in found
    ]
