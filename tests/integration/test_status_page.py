"""The status page in headless Chromium: what it shows, how it lives, who may see it."""
import os
import pathlib
import shutil
import tempfile
import unittest
import urllib.error
import urllib.request

from support.browser import Browser
from support.cps_service import CpsTest
from support.service import Service

TAB, ENTER = "\ue004", "\ue007"
VALUE = "LPsIwTo7o8BoG0-vjCyGQGBWSVIPxI-i_X336eUOQZo"


class StatusPage(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp())
        cls.service = Service(cls.folder).start()
        cls.browser = Browser(cls.folder).__enter__()
        login = cls.service.url.replace("http://", f"http://operator:{cls.service.token}@")
        cls.browser.open(f"{login}/status/icon.svg")  # the browser keeps what a person would type into its prompt

    @classmethod
    def tearDownClass(cls):
        cls.browser.__exit__()
        cls.service.stop()
        shutil.rmtree(cls.folder, ignore_errors=True)

    def setUp(self):
        self.page = self.browser
        self.page.open("about:blank")
        self.page.open(f"{self.service.url}/#challenges")
        self.page.wait(lambda: self.page.text("#link") == "live")

    def present(self, *names, wait=True):
        order = {"challenges": [{"type": "dns-01", "domain": name, "value": VALUE} for name in names]}
        return self.service.call("POST", "/v1/orders" + ("?wait=ready&timeout=20s" if wait else ""), order)

    def shoot(self, name):
        """For people: SCREENSHOTS=folder keeps what the page looks like."""
        if folder := os.environ.get("SCREENSHOTS"):
            self.page.screenshot(pathlib.Path(folder) / f"{name}.png")

    def row(self, name):
        return self.page.run("return [...document.querySelectorAll('.order')].filter(o => o.innerText.includes(arguments[0]))"
                             ".map(o => o.innerText)[0] || ''", name)

    def test_without_credentials_it_is_refused(self):
        for path in ("/", "/status/status.js"):
            with self.assertRaises(urllib.error.HTTPError) as refused:
                urllib.request.urlopen(self.service.url + path)
            self.assertEqual(refused.exception.code, 401)
            self.assertIn("Basic", " ".join(refused.exception.headers.get_all("WWW-Authenticate")))

    def test_a_challenge_appears_and_changes_without_a_reload(self):
        self.page.run("window.stayed = true")
        order = self.present("live.dcvd.test")
        self.page.wait(lambda: "ready" in self.row("live.dcvd.test"))
        self.service.call("DELETE", f"/v1/orders/{order['id']}")
        self.page.wait(lambda: "withdrawn after it was ready" in self.row("live.dcvd.test"))
        self.assertTrue(self.page.run("return window.stayed === true"))

    def test_an_order_opens_to_its_challenges_their_events_and_the_verdict_of_each_server(self):
        self.present("one.open.dcvd.test", "two.open.dcvd.test")
        self.page.wait(lambda: "2 of 2 ready" in self.row("one.open.dcvd.test"))
        self.page.run("[...document.querySelectorAll('.order')].find(o => o.innerText.includes('one.open')).querySelector('button').click()")
        self.page.wait(lambda: self.page.run("return [...document.querySelectorAll('.challenge')].some(c => c.innerText.includes('one.open'))"))
        self.page.run("[...document.querySelectorAll('.challenge')].find(c => c.innerText.includes('one.open')).querySelector('button').click()")
        self.page.wait(lambda: "What" not in self.row("one.open") and "Last check: pass" in self.row("one.open"))
        text = self.row("one.open.dcvd.test")
        self.shoot("open")
        for part in ("_acme-challenge.one.open.dcvd.test", "127.0.0.1", "NOERROR", "Events"):
            self.assertIn(part, text)

    def test_the_keyboard_alone_is_enough(self):
        self.present("keys.dcvd.test")
        self.page.wait(lambda: "ready" in self.row("keys.dcvd.test"))
        self.page.run("document.querySelector('#name').focus()")
        self.page.keys(*"keys.dcvd")
        self.page.wait(lambda: self.page.text("#shown").startswith("1 of"))
        self.page.keys(TAB, TAB, ENTER)
        self.page.wait(lambda: self.page.run("return document.activeElement.getAttribute('aria-expanded')") == "true")
        self.page.keys(TAB, ENTER)
        self.page.wait(lambda: "Last check: pass" in self.row("keys.dcvd.test"))

    def test_a_screen_reader_finds_headings_labels_and_states(self):
        self.present("spoken.dcvd.test")
        self.page.wait(lambda: "ready" in self.row("spoken.dcvd.test"))
        tree = self.page.accessibility()
        for node in (("heading", "Orders"), ("searchbox", "Name"), ("button", "spoken.dcvd.test")):
            self.assertIn(node, tree)
        self.assertTrue(any(role == "combobox" and name.startswith("State") for role, name in tree))
        unnamed = [role for role, name in tree if role in ("button", "link", "searchbox", "combobox") and not name.strip()]
        self.assertEqual(unnamed, [])
        self.assertIn("is ready", self.page.run("return document.querySelector('#spoken').textContent"))

    def test_light_and_dark_have_enough_contrast(self):
        ratio = """
          const luminance = c => { const v = c.match(/[\\d.]+/g).slice(0, 3).map(x => x / 255)
              .map(x => x <= .03928 ? x / 12.92 : ((x + .055) / 1.055) ** 2.4); return .2126 * v[0] + .7152 * v[1] + .0722 * v[2]; };
          const back = e => { for (; e; e = e.parentElement) { const b = getComputedStyle(e).backgroundColor;
              if (!b.endsWith(', 0)')) return b; } return 'rgb(255, 255, 255)'; };
          return [...document.querySelectorAll('h1, h2, p, .chip, .quiet, button, dt, dd, a, label')].filter(e => e.innerText && e.offsetParent)
              .map(e => { const [a, b] = [luminance(getComputedStyle(e).color), luminance(back(e))].sort((x, y) => y - x);
                          return [(a + .05) / (b + .05), e.innerText.slice(0, 30)]; }).filter(([r]) => r < 4.5)"""
        self.present("contrast.dcvd.test")
        self.page.wait(lambda: "ready" in self.row("contrast.dcvd.test"))
        for scheme in ("light", "dark"):
            self.page.prefer(scheme)
            self.assertEqual(self.page.run(ratio), [], scheme)
            self.shoot(scheme)

    def test_it_loads_nothing_from_elsewhere_and_shows_no_secret(self):
        self.page.complaints()  # those of earlier pages
        self.page.open("about:blank")
        self.page.open(f"{self.service.url}/#challenges")
        self.page.wait(lambda: self.page.text("#link") == "live")
        self.present("secret.dcvd.test")
        self.page.wait(lambda: "ready" in self.row("secret.dcvd.test"))
        loaded = self.page.run("return performance.getEntriesByType('resource').map(r => r.name)")
        self.assertEqual([name for name in loaded if not name.startswith(self.service.url)], [])
        self.assertNotIn(self.service.token, self.page.run("return document.documentElement.outerHTML"))
        self.assertEqual(self.page.complaints(), [])

    def test_pages_that_were_left_hold_no_connection(self):
        self.page.call("POST", "/timeouts", {"pageLoad": 15000})
        self.addCleanup(self.page.call, "POST", "/timeouts", {"pageLoad": 300000})
        for _ in range(8):  # a browser opens six to one server
            self.page.open(f"{self.service.url}/#challenges")
            self.page.wait(lambda: self.page.text("#link") == "live", 15)
            self.page.open("about:blank")
        self.page.open(f"{self.service.url}/#challenges")
        self.page.wait(lambda: self.page.text("#link") == "live", 15)
        self.present("left.dcvd.test")
        self.page.wait(lambda: "ready" in self.row("left.dcvd.test"), 15)

    def test_how_it_ended_is_told_of_what_is_gone(self):
        valid, never = self.present("valid.dcvd.test"), self.present("never.nowhere.test", wait=False)
        self.service.call("POST", f"/v1/challenges/{valid['challenges'][0]['id']}/outcome", {"valid": True})
        for order in (valid, never):
            self.service.call("DELETE", f"/v1/orders/{order['id']}")
        self.page.wait(lambda: "validated, withdrawn" in self.row("valid.dcvd.test"))
        self.page.wait(lambda: "withdrawn before it was ready" in self.row("never.nowhere.test"))

    def test_it_says_when_the_service_is_gone_and_comes_back_with_it(self):
        self.service.stop()
        self.page.wait(lambda: self.page.text("#link") == "offline")
        self.service.start()
        self.page.wait(lambda: self.page.text("#link") == "live", 30)


class ManyOrders(StatusPage):
    """More than a page of them."""
    for name in [name for name in dir(StatusPage) if name.startswith("test_")]:
        locals()[name] = None

    def test_a_failed_order_among_hundreds_is_counted_and_found(self):
        order = {"challenges": [{"type": "dns-01", "domain": "lost.nowhere.test", "value": VALUE}], "deadline": "1s"}
        self.service.call("POST", "/v1/orders?wait=ready&timeout=20s", order)
        for n in range(600):
            self.service.call("POST", "/v1/orders", {"challenges": [{"type": "dns-01", "domain": f"n{n}.many.dcvd.test", "value": VALUE}]})
        self.page.wait(lambda: self.page.run("return document.querySelector('#totals [data-key=failed] b')?.textContent") == "1", 60)
        self.assertEqual(self.row("lost.nowhere.test"), "")
        self.page.run("document.querySelector('#totals [data-key=failed]').click()")
        self.page.wait(lambda: "deadline passed" in self.row("lost.nowhere.test"))
        self.page.run("document.querySelector('#name').focus()")
        self.page.keys(*"nothing like it")
        self.page.wait(lambda: "Nothing is found for" in self.page.text("#empty"))


class Enrollments(CpsTest):
    """Akamai CPS on the page."""

    def test_an_enrollment_is_shown_with_the_expiry_of_its_certificate(self):
        self.emulate()
        new, pending = self.cps.enroll("web1.example.test"), self.cps.enroll("web2.example.test")
        self.serve()
        self.assert_valid(new, self.validate(new))
        self.assertIsNone(self.service.call("GET", f"/v1/cps/enrollments/{pending}/certificate")["expiry"])
        while not self.service.call("GET", f"/v1/cps/enrollments/{new}/certificate")["expiry"]:
            self.cps.state(new)  # CPS deploys it within a second
        with Browser(self.folder) as page:
            page.open(self.service.url.replace("http://", f"http://operator:{self.service.token}@") + "/status/icon.svg")
            page.open(self.service.url + "/")
            page.wait(lambda: " d" in page.text(f"#rows [data-key='{new}'] .days"))
            self.assertEqual(page.text(f"#rows [data-key='{pending}'] .days"), "not known")
            self.assertIn("Nobody watches", page.text("#troubles"))
            if folder := os.environ.get("SCREENSHOTS"):
                page.screenshot(pathlib.Path(folder) / "cps.png")


if __name__ == "__main__":
    unittest.main(verbosity=1)
