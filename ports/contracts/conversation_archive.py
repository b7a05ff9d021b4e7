"""The contract of `ConversationArchive`, put together from its five parts."""

from __future__ import annotations

from .archive_appending import ArchiveAppendingContract
from .archive_erasure import ArchiveErasureContract
from .archive_figures import ArchiveFiguresContract
from .archive_moving import ArchiveMovingContract
from .archive_reading import ArchiveReadingContract


class ConversationArchiveContract(
    ArchiveAppendingContract,
    ArchiveReadingContract,
    ArchiveErasureContract,
    ArchiveFiguresContract,
    ArchiveMovingContract,
):
    """What an archive promises. The outbox that it writes is looked at too."""
