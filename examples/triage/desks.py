"""The desks that tickets are routed to, in the order in which they are asked."""

from __future__ import annotations

import re

from examples.triage.desk import Desk


def _any(*patterns: str) -> re.Pattern[str]:
    """Match any of the patterns where a word begins."""
    return re.compile(rf"\b(?:{'|'.join(patterns)})")


SECURITY = Desk(
    "security",
    _any(
        r"cve-\d",
        r"can-\d{4}-\d",
        r"dsa[- ]\d",
        "vulnerabilit",
        "security[- ](?:fix|bug|hole|issue|problem|update|upload|release|flaw|patch)",
        "(?:buffer|heap|stack|integer) (?:over|under)(?:flow|run|read)",
        "arbitrary code",
        "code execution",
        "privilege escalation",
        "denial[- ]of[- ]service",
        "symlink attack",
        r"xss\b",
        "use[- ]after[- ]free",
    ),
)
CRASH = Desk(
    "crash",
    _any(
        "crash",
        "seg(?:mentation )?-?fault",
        "sig(?:segv|abrt|bus|fpe)",
        "core ?dump",
        "regress(?:ion|ed)",
        "deadlock",
        "(?:infinite|endless) loop",
        "memory leak",
        "assertion fail",
        "data loss",
        r"hangs?\b",
        r"abort(?:s|ed)\b",
        "null pointer",
    ),
    {
        "signals": re.compile(r"\b(SIG(?:SEGV|ABRT|BUS|FPE))\b"),
        "since": re.compile(r"(?:regression|introduced|broken)[^.\n]{0,40}?\b(?:in|since|from) (\d[\w.+~:-]{0,30}\w)"),
    },
)
BUILD = Desk(
    "build",
    _any(
        "ft(?:b|cb)fs",
        "fail(?:s|ed)? to (?:build|compile)",
        "build(?:ing)? fail(?:ure|s)",
        "fix(?:es|ed)? (?:the )?(?:build|compil)",
        "(?:cross|re)-?build",
        "compil(?:e|ation) (?:error|fail|fix)",
        "bootstrap",
        "autopkgtest",
        "test ?suite",
        r"gcc-?\d",
        "reproducib",
    ),
    {
        "compilers": re.compile(r"\b((?:gcc|g\+\+|clang|llvm)-?\d[\d.]{0,5})\b", re.IGNORECASE),
        "architectures": re.compile(
            r"\b(alpha|amd64|arm64|armel|armhf|arm|hppa|hurd(?:-i386)?|i386|ia64|kfreebsd(?:-\w{3,5})?|loong64|m68k"
            r"|mips(?:el|64el|64)?|powerpc|ppc64el|ppc64|riscv64|s390x|s390|sh4|sparc64|sparc|x32)\b"
        ),
    },
)
PACKAGING = Desk(
    "packaging",
    _any(
        "lintian",
        "standards[- ]version",
        r"policy \d",
        "debhelper",
        r"dh_\w",
        "(?:dh )?compat(?:ibility)? (?:level|version)",
        "multi-?arch",
        "(?:debian|d)/(?:control|rules|watch|copyright|compat|source|changelog|upstream)",
        r"(?:debian|d)/\S{0,40}\.(?:install|symbols|p(?:re|ost)(?:inst|rm))",
        "build-dep",
        "(?:depend|recommend|suggest|conflict|replace|break)s",
        "uploaders",
        "maintainer(?: script| field| address|:)",
        "vcs-",
        "udeb",
        "shlibs",
        "symbols file",
        r"p(?:re|ost)(?:inst|rm)\b",
        "conffile",
        "watch file",
        "source format",
        "priority",
        r"section\b",
    ),
    {
        "standards": re.compile(r"standards[- ]version:? (?:to |is now |now )?(\d\.\d[\d.]{0,5}\d)", re.IGNORECASE),
        "tags": re.compile(r"lintian[^\n]{0,40}?\b([a-z]{3,20}(?:-[a-z]{2,20}){2,8})\b", re.IGNORECASE),
        "debhelper": re.compile(r"(?:debhelper|dh)[^\n.]{0,30}?\b(?:to|level|version|=)\s?(\d{1,2})\b", re.IGNORECASE),
    },
)
TRANSLATION = Desk(
    "translation",
    _any("translat", "po-debconf", "locali[sz]", "l10n", "i18n", "gettext", r"\w{2,5}\.po\b"),
    {
        "languages": re.compile(
            r"\b(Arabic|Basque|Brazilian(?: Portuguese)?|Bulgarian|Catalan|Chinese|Croatian|Czech|Danish|Dutch"
            r"|Esperanto|Estonian|Finnish|French|Galician|German|Greek|Hebrew|Hungarian|Indonesian|Italian|Japanese"
            r"|Korean|Lithuanian|Norwegian|Polish|Portuguese|Romanian|Russian|Serbian|Slovak|Slovenian|Spanish|Swedish"
            r"|Tamil|Thai|Turkish|Ukrainian|Vietnamese|Welsh)\b"
        ),
    },
)
DOCUMENTATION = Desk(
    "documentation",
    _any(
        "man ?-?pages?",
        "manual",
        r"doc(?:umentation|s)?\b",
        "doc-base",
        "readme",
        "typo",
        "spelling",
        "info (?:file|page)",
        r"descriptions?\b",
    ),
    {"pages": re.compile(r"\b([a-z][\w.+-]{1,30}\([1-9]\))")},
)
UPSTREAM = Desk(
    "upstream",
    _any(
        r"(?:new|latest) (?:\w+ )?(?:upstream|release|version|snapshot)",
        r"upstream (?:\w+ )?(?:release|version|snapshot)",
        r"import(?:ed|ing)?\b",
        "initial release",
        "updated? (?:to|from)",
    ),
    {"releases": re.compile(r"(?:upstream|release|version|import|to)\w{0,3}:? v?(\d+\.\d[\w.~+-]{0,20}\w)", re.I)},
)
GENERAL = Desk("general", re.compile(""))

DESKS = (SECURITY, CRASH, BUILD, PACKAGING, TRANSLATION, DOCUMENTATION, UPSTREAM)
"""The desks in the order in which they are asked; what is for none of them goes to `GENERAL`."""
