"""A scorer's end in a process of its own, to be stopped and killed: `… SOCKET FILE`.

It writes the id of each exchange it has taken into the file, and acknowledges it then.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from monitor.ports.handover import Relayed
from monitor.runtime.scoring.receiver import HandoverReceiver


async def main(socket: Path, taken: Path) -> None:
    """Take until killed."""
    receiver = HandoverReceiver(socket, 1 << 20)
    await receiver.open()
    with taken.open("a") as file:
        while True:
            items = await receiver.take(500, 10.0)
            for item in items:
                file.write(f"{item.id if isinstance(item, Relayed) else item.exchange.id}\n")
            file.flush()
            receiver.acknowledge(len(items))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), Path(sys.argv[2])))
