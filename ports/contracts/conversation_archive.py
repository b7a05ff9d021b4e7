"""The contract of `ConversationArchive`, put together from its four parts."""

from __future__ import annotations

from .archive_appending import ArchiveAppendingContract
from .archive_erasure import ArchiveErasureContract
from .archive_figures import ArchiveFiguresContract
from .archive_reading import ArchiveReadingContract


class ConversationArchiveContract(
    ArchiveAppendingContract, ArchiveReadingContract, ArchiveErasureContract, ArchiveFiguresContract
):
    """What an archive promises. The outbox that it writes is looked at too."""
