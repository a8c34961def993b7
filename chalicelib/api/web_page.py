"""The web page: its files under an address that changes with them, and what it may load.

`python -m chalicelib.api.web_page DIRECTORY` writes the same files for a static host such as S3.
"""

from __future__ import annotations

import base64
import hashlib
import re
import sys
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

from msgspec import Struct

from chalicelib.api.replies import Reply
from chalicelib.api.schemas.web_page import OIDCAnswer, WebConfigAnswer
from chalicelib.api.static_files import MEDIA_TYPES, WEB, file_reply, page_reply, read_text
from chalicelib.api.version import API_VERSION
from chalicelib.config import Settings, TokenTrust
from chalicelib.domain.permissions import not_found
from chalicelib.domain.tokens import TokenKind

_OWN = WEB / "ui"
_DIRECTORIES = {
    **{name: _OWN / name for name in ("app", "components", "pages", "styles")},
    **{
        name: WEB / "vendor" / name
        for name in ("lit", "lit-html", "lit-element", "reactive-element", "uplot")
    },
}
# The release in a file's address changes with the files, so an answer never becomes wrong.
_IMMUTABLE = "public, max-age=31536000, immutable"
_INDEX = "ui/index.html"
_INLINE_SCRIPT = re.compile(r'<script type="importmap">(.*?)</script>', re.DOTALL)


def web_page(settings: Settings) -> Reply:
    """Return the page; its links start where the public URL is mounted."""
    return page_reply(index_text(_base(settings)), page_policy(settings))


def web_file(release: str, directory: str, name: str) -> Reply:
    """Return a file of the page.

    Raises:
        NotFound: this release has no such file.
    """
    path = files().get((directory, name))
    if path is None or release != current_release():
        raise not_found("file", f"{directory}/{name}"[:100])
    return file_reply(path, _IMMUTABLE)


def web_config(settings: Settings) -> WebConfigAnswer:
    """Return what the page needs to know before anybody is signed in; nothing of it is secret."""
    trust = _user_trust(settings)
    oidc = None
    if settings.web_oidc_client_id and trust is not None and trust.discovery_url:
        oidc = OIDCAnswer(
            discovery_url=trust.discovery_url,
            client_id=settings.web_oidc_client_id,
            scope=settings.web_oidc_scope,
        )
    return WebConfigAnswer(
        infra_id=settings.infra_id,
        site_name=settings.site_name,
        site_location=settings.site_location,
        public_url=settings.public_url,
        api_version=API_VERSION,
        requires_user_proof=settings.require_user_proof,
        oidc=oidc,
        experiment_token_url=settings.web_experiment_token_url,
    )


def connect_origins(settings: Settings) -> tuple[str, ...]:
    """Return the other origins that the page may call: to sign in, and nothing else."""
    config = web_config(settings)
    urls = [config.oidc.discovery_url] if config.oidc else []
    if config.experiment_token_url:
        urls.append(config.experiment_token_url)
    found = {_origin(url) for url in (*urls, *settings.web_oidc_origins)}
    return tuple(sorted(found - {_origin(settings.public_url)}))


def page_policy(settings: Settings) -> str:
    """Return the Content-Security-Policy of the page: the same wherever its files are served."""
    return content_policy(index_text(_base(settings)), connect_origins(settings))


def content_policy(index: str, origins: tuple[str, ...]) -> str:
    """Return the policy of the page: files of this site, and the one inline import map by its hash.

    Trusted types let no text become markup or script but through Lit's templates.
    """
    maps = _INLINE_SCRIPT.findall(index)
    hashes = (base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in maps)
    scripts = " ".join(["'self'", *(f"'sha256-{value}'" for value in hashes)])
    calls = " ".join(["'self'", *origins])
    return (
        f"default-src 'none'; script-src {scripts}; style-src 'self'; img-src 'self' data:; "
        f"connect-src {calls}; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'; "
        "require-trusted-types-for 'script'; trusted-types lit-html"
    )


def index_text(base: str) -> str:
    """Return the page with its addresses below the path `base`."""
    text = read_text(_OWN / "index.html")
    return text.replace("{base}", base).replace("{release}", current_release())


@cache
def files() -> dict[tuple[str, str], Path]:
    """Return the files that are served, by directory and name."""
    return {
        (name, path.name): path
        for name, directory in _DIRECTORIES.items()
        for path in sorted(directory.iterdir())
        if path.suffix in MEDIA_TYPES
    }


@cache
def current_release() -> str:
    """Return the digest of all files of the page."""
    digest = hashlib.sha256(read_text(_OWN / "index.html").encode())
    for (directory, name), path in files().items():
        digest.update(f"\n{directory}/{name}\n".encode())
        digest.update(read_text(path).encode())
    return digest.hexdigest()[:16]


class SiteFile(Struct, frozen=True):
    """A file for a static host: its key below the host's root, its text, and its headers."""

    key: str
    text: str
    media_type: str
    cache_control: str


def site_files(base: str = "") -> tuple[SiteFile, ...]:
    """Return the page as a static host serves it that puts it under `base`/ui.

    The page itself comes last: uploaded in this order it never names a file that is not there yet.
    """
    release = current_release()
    parts = [
        SiteFile(
            f"ui/{release}/{directory}/{name}",
            read_text(path),
            MEDIA_TYPES[path.suffix],
            _IMMUTABLE,
        )
        for (directory, name), path in files().items()
    ]
    return (*parts, SiteFile(_INDEX, index_text(base), MEDIA_TYPES[".html"], "no-cache"))


def write_site(target: Path, base: str = "") -> None:
    """Write the page's files below `target`; site_files says what headers they need."""
    for file in site_files(base):
        copy = target / file.key
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(file.text, encoding="utf-8")


def _base(settings: Settings) -> str:
    return urlsplit(settings.public_url).path


def _user_trust(settings: Settings) -> TokenTrust | None:
    return next((t for t in settings.token_trust if t.kind is TokenKind.USER), None)


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


if __name__ == "__main__":
    write_site(Path(sys.argv[1]))
