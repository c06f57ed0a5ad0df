"""Which addresses may be asked, and that the HTTP library reads the same host out of them."""

from __future__ import annotations

import contextlib

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aigc_eval.errors import UsageError
from aigc_eval.net.hosts import host_of, is_here


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://api.example.com/v1", "api.example.com"), ("HTTPS://API.Example.COM:8443/v1", "api.example.com:8443"),
        ("http://localhost:8000/v1", "localhost:8000"), ("http://127.0.0.1", "127.0.0.1"),
        ("http://127.9.9.9:1/", "127.9.9.9:1"),
        ("http://[::1]:80/v1", "[::1]:80"), ("http://[::1]/v1", "[::1]"), ("https://10.0.0.7/v1", "10.0.0.7"),
        ("https://192.168.1.5:8000", "192.168.1.5:8000"), ("https://[fd00::1]/v1", "[fd00::1]"),
        ("https://xn--fiqs8s.example/v1", "xn--fiqs8s.example"), ("https://my_host.internal./v1", "my_host.internal."),
    ],
    ids=range(12),
)  # fmt: skip
def test_what_may_be_asked(url: str, host: str) -> None:
    assert host_of(url) == host


@pytest.mark.parametrize(
    "url",
    [
        "", "https://", "https:///v1", "judge.example/v1", "ftp://judge.example", "file:///etc/passwd",
        "gopher://a.example",
        "http://judge.example/v1", "http://10.0.0.7/v1", "http://0.0.0.0/v1", "http://127.0.0.1.evil.example/",
        "http://localhost.evil.example/v1", "https://u:p@judge.example/v1", "https://@judge.example",
        "https://u@judge.example",
        "https://judge.example/v1?key=1", "https://judge.example/#x", "http://[::1", "https://a.example:port/",
        "https://a.example:99999/", "https://a.exa\nmple/v1", "https://a.example/\tv1", " https://a.example",
        "https://a b/",
        "https://good.example\\@evil.example/", "https://good.example\\.evil.example/", "https://例子.example/v1",
        "https://a..example/", "https://-a.example/", "https://a%2eexample/", "https://%31%32%37.1/", "https://[v1.x]/",
        # link-local, unspecified, multicast and metadata addresses, in every notation that resolvers take
        "https://169.254.169.254/latest/meta-data", "http://169.254.169.254/", "https://169.254.1.1",
        "https://[fe80::1]/v1",
        "https://[fe80::1%25eth0]/v1", "https://[::ffff:169.254.169.254]/", "https://2852039166/",
        "https://0xa9fea9fe/",
        "https://169.254.43518/", "https://0251.0376.0251.0376/", "https://0xa9.0xfe.0xa9.0xfe/",
        "https://169.254.169.254./",
        "https://0.0.0.0/", "https://0/", "https://[::]/", "https://224.0.0.1/", "https://[ff02::1]/",
        "https://100.100.100.200/",
        "https://[fd00:ec2::254]/", "https://metadata.google.internal/", "https://metadata.google.internal./v1",
        "https://METADATA/", "https://instance-data/latest",
    ],
)  # fmt: skip
def test_what_is_never_asked(url: str) -> None:
    with pytest.raises(UsageError, match="url"):
        host_of(url)


def test_this_machine_in_other_words() -> None:
    assert all(map(is_here, ("localhost", "127.0.0.1", "127.1", "0x7f000001", "2130706433", "::1", "::ffff:127.0.0.1")))
    assert not any(
        map(is_here, ("", "localhost.example", "128.0.0.1", "::2", "127.0.0.1.example", "127.0.0.256", "0x"))
    )


@given(st.text(st.sampled_from("htps:/@\\.#?%[]a1-_~ \t\n例0x"), max_size=24).map(lambda tail: f"https://{tail}"))
def test_the_http_library_reads_the_same_host(url: str) -> None:
    with contextlib.suppress(UsageError):
        host = host_of(url)
        read = httpx2.URL(url)
        assert read.scheme == "https"
        assert host == read.netloc.decode("ascii")
        assert not read.userinfo
