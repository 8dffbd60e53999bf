"""The page as the console of an operator: a thousand enrollments in every phase, in headless Chromium on a desk and on a phone.

SCREENSHOTS=folder keeps what it looks like."""
import os
import pathlib
import shutil
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "support"))
from support.browser import Browser
from support.cps_console import Enrollments
from support.service import ApiError

COUNT = int(os.environ.get("ENROLLMENTS", "1000"))
TAB, ENTER, DOWN, ESCAPE = "\ue004", "\ue007", "\ue015", "\ue00c"
VALUE = "LPsIwTo7o8BoG0-vjCyGQGBWSVIPxI-i_X336eUOQZo"
CONTRAST = """
  const luminance = c => { const v = c.match(/[\\d.]+/g).slice(0, 3).map(x => x / 255)
      .map(x => x <= .03928 ? x / 12.92 : ((x + .055) / 1.055) ** 2.4); return .2126 * v[0] + .7152 * v[1] + .0722 * v[2]; };
  const back = e => { for (; e; e = e.parentElement) { const b = getComputedStyle(e).backgroundColor;
      if (!b.endsWith(', 0)')) return b; } return 'rgb(255, 255, 255)'; };
  const wrong = [];
  for (const e of document.querySelectorAll('h1, h2, h3, h4, p, a, b, li, dt, dd, pre, code, label, button, span')) {
    if (!e.offsetParent || e.closest('.unseen') || ![...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim()))
      continue;
    const color = getComputedStyle(e).color;
    if (color.endsWith(', 0)')) continue;
    const [a, b] = [luminance(color), luminance(back(e))].sort((x, y) => y - x);
    if ((a + .05) / (b + .05) < 4.5) wrong.push([(a + .05) / (b + .05), e.innerText.slice(0, 40)]);
  }
  return wrong"""


class Console(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp())
        cls.addClassCleanup(shutil.rmtree, cls.folder, True)
        cls.far = Enrollments(cls.folder, COUNT).__enter__()
        cls.addClassCleanup(cls.far.__exit__)
        cls.service = cls.far.service()
        cls.addClassCleanup(lambda: cls.service.stop())
        cls.page = Browser(cls.folder, width=1280, height=1000).__enter__()
        cls.addClassCleanup(cls.page.__exit__)
        cls.login("operator", cls.service.token)
        cls.page.wait(lambda: cls.needs()["held"] == cls.held(), 60)

    @classmethod
    def login(cls, name, token):
        cls.page.open(cls.service.url.replace("http://", f"http://{name}:{token}@") + "/status/icon.svg")

    @classmethod
    def inventory(cls, **query):
        return cls.service.call("GET", "/v1/cps/inventory?" + "&".join(f"{k.replace('_', '-')}={v}" for k, v in query.items()))

    @classmethod
    def needs(cls):
        return cls.inventory(limit=1)["counts"]["needs"]

    @classmethod
    def held(cls):
        return sum(len(cls.far.phases[p]) for p in ("approval", "warnings", "certificate-warnings"))

    def setUp(self):
        self.size(1280, 1000)
        self.page.open("about:blank")
        self.open("#certificates")

    def open(self, place=""):
        self.page.open(f"{self.service.url}/{place}")
        self.page.wait(lambda: self.page.text("#link") == "live" and (self.rows() or self.page.text("#none")))

    def size(self, width, height):
        self.page.call("POST", "/goog/cdp/execute", {"cmd": "Emulation.setDeviceMetricsOverride", "params": {
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}})

    def shoot(self, name):
        if folder := os.environ.get("SCREENSHOTS"):
            self.page.screenshot(pathlib.Path(folder) / f"{name}.png")

    def rows(self):
        return self.page.run("return [...document.querySelectorAll('#rows .row')].map(r => [r.dataset.need, r.innerText])")

    def card(self, key):
        return self.page.run("return document.querySelector(`#cards [data-key=${arguments[0]}]`).innerText", key)

    def focused(self):
        return self.page.run("const e = document.activeElement; return [e.tagName, e.id, e.innerText || '']")

    def press_card(self, key):
        self.page.run("document.querySelector(`#cards [data-key=${arguments[0]}]`).click()", key)

    def open_row(self, text):
        self.page.run("[...document.querySelectorAll('#rows .row')].find(r => r.innerText.includes(arguments[0])).querySelector('.open').click()", text)
        self.page.wait(lambda: self.page.text(".opened .headline") or self.page.text(".opened section .quiet"))

    # -- what needs somebody

    def test_what_needs_somebody_stands_first_and_is_counted_by_the_server(self):
        self.page.wait(lambda: self.card("held").split()[0] == str(self.needs()["held"]))
        self.assertIn(f"{COUNT:,}", self.card("all"))
        kinds = [need for need, _ in self.rows()]
        order = ["held", "failing", "alarm", "working", "pending", "nothing"]
        self.assertEqual(kinds, sorted(kinds, key=order.index))
        self.assertEqual(len(kinds), 50)
        self.assertIn("1–50 of", self.page.text("#pages"))

    def test_a_card_shows_only_its_enrollments_and_the_place_can_be_kept(self):
        self.press_card("failing")
        self.page.wait(lambda: {need for need, _ in self.rows()} == {"failing"})
        self.assertIn("forbids issuance", self.rows()[0][1])
        place = self.page.run("return location.hash")
        self.open("")
        self.open(place)
        self.page.wait(lambda: {need for need, _ in self.rows()} == {"failing"})

    def test_a_week_shows_the_certificates_that_end_in_it(self):
        weeks = self.inventory(limit=1)["weeks"]
        shown = self.page.run("return [...document.querySelectorAll('#weeks .count')].map(c => Number(c.textContent))")
        self.assertEqual(shown, weeks)
        self.page.run("document.querySelector('#weeks .week:nth-child(3)').click()")
        self.page.wait(lambda: self.page.text("#matching").startswith(f"{weeks[2]} of"))

    def test_every_page_is_reached_and_no_enrollment_is_shown_twice(self):
        seen = set()
        self.page.run("document.querySelector('#sort').value = 'name'; document.querySelector('#sort').dispatchEvent(new Event('change'))")
        self.page.wait(lambda: self.rows()[0][1].startswith("api.") and self.rows()[1][1].startswith("api."))
        for first in range(1, COUNT, 50):
            self.page.wait(lambda: self.page.text("#pages span").startswith(f"{first}–"))
            keys = set(self.page.run("return [...document.querySelectorAll('#rows .row')].map(r => r.dataset.key)"))
            self.assertFalse(keys & seen)
            seen |= keys
            self.page.run("document.querySelector('#pages button:last-child').click()")
        self.assertEqual(len(seen), COUNT)

    def test_a_search_finds_names_ids_and_reasons_and_says_when_there_is_nothing(self):
        self.page.run("document.querySelector('#search').focus()")
        self.page.keys(*"SANS_REMOVED")
        self.page.wait(lambda: {need for need, _ in self.rows()} == {"held"})
        self.page.run("document.querySelector('#search').value = ''")
        self.page.keys(*"nothing like it")
        self.page.wait(lambda: "No enrollment is found for" in self.page.text("#none"))
        self.assertEqual(self.rows(), [])
        self.page.run("document.querySelector('#matching button').click()")
        self.page.wait(lambda: len(self.rows()) == 50)

    # -- one enrollment

    def test_an_enrollment_opens_to_its_timeline_with_a_time_for_each_sentence(self):
        self.press_card("working")
        self.page.wait(lambda: {need for need, _ in self.rows()} == {"working"})
        self.open_row("production")
        text = self.page.text(".opened .timeline")
        self.assertRegex(text, r"(?s)production\s+6 of 6.*\d\d:\d\d:\d\d\s+change \d+ is running: deploy-cert-to-production")
        self.shoot("working")

    def test_warnings_are_shown_with_their_texts_and_how_they_are_acknowledged(self):
        self.page.run("document.querySelector('#search').focus()")
        self.page.keys(*"SANS_REMOVED")
        self.page.wait(lambda: {need for need, _ in self.rows()} == {"held"})
        self.open_row("warnings that no policy allows")
        text = self.page.text(".opened .panel")
        for part in ("DNS_NAME_NOT_CNAMED", "not CNAMEd for auto validation", "--expect-sha256"):
            self.assertIn(part, text)
        self.shoot("warnings")

    def test_the_names_of_a_change_are_asked_of_cps_only_when_somebody_wants_it(self):
        before = self.far.emulator.requests
        self.press_card("working")
        self.page.wait(lambda: {need for need, _ in self.rows()} == {"working"})
        self.open_row("validation")
        key = self.page.run("return document.querySelector('.opened').dataset.key")
        self.assertFalse([line for line in self.far.emulator.log[before:] if f"/{key}/deployments" in line])
        self.page.run("document.querySelector('.opened .ask button').click()")
        self.page.wait(lambda: "Awaiting user" in self.page.text(".opened .from-cps"))

    # -- approvals

    def waiting(self):
        return [e for e in self.inventory(need="held", limit=1000)["enrollments"] if e["step"] == "approval"]

    def open_approval(self, row):
        self.page.run("document.querySelector('#search').value = ''; document.querySelector('#search').focus()")
        self.page.keys(*row["cn"])
        self.page.wait(lambda: [text for _, text in self.rows() if row["cn"] in text] and len(self.rows()) < 50)
        self.open_row(row["cn"])
        self.page.wait(lambda: self.page.text(".opened .panel button.main"))
        self.page.run("document.querySelector('.opened .panel button.main').click()")
        self.page.wait(lambda: self.page.run("return document.querySelector('#approval').open"))

    def test_an_operator_approves_what_is_on_the_screen_with_the_keyboard_alone(self):
        row = self.waiting()[0]
        self.open_approval(row)
        dialog = self.page.text("#approval")
        for part in (str(row["change"]), row["hold"]["hash"], row["cn"]):
            self.assertIn(part, dialog)
        self.shoot("approval")
        self.page.keys(TAB, ENTER)  # from Cancel, where the focus begins, to Approve
        self.page.wait(lambda: "is approved" in self.page.text("#done"))
        self.page.wait(lambda: self.far.emulator.enrollments[row["id"]].change.acked.get("change"))
        self.assertIn("cps.approve", str(self.service.call("GET", "/v1/audit?limit=1000")))

    def test_another_hash_by_now_is_refused_and_what_it_shows_now_can_be_looked_at(self):
        row = self.waiting()[-1]
        self.open_approval(row)
        self.page.run("const f = window.fetch; window.fetch = (path, o) => f(path, o?.method === 'POST' ? "
                      "{...o, body: o.body.replace(/\"hash\":\"[^\"]*\"/, '\"hash\":\"older\"')} : o)")
        self.page.run("document.querySelector('#approval-yes').click()")
        self.page.wait(lambda: "Not approved" in self.page.text("#approval-said"))
        self.assertIn("another result", self.page.text("#approval-said"))
        self.shoot("conflict")
        self.page.run("document.querySelector('#approval-again').click()")
        self.page.wait(lambda: not self.page.run("return document.querySelector('#approval-yes').disabled"))
        self.assertFalse(self.far.emulator.enrollments[row["id"]].change.acked)
        self.page.keys(ESCAPE)
        self.page.wait(lambda: not self.page.run("return document.querySelector('#approval').open"))

    def test_a_reader_sees_everything_and_is_offered_no_approval(self):
        token = self.service.call("POST", "/v1/clients", {"name": "looker", "grants": {"role": "reader"}})["token"]
        self.assertFalse(self.service.call("GET", "/v1/cps/inventory?limit=1", token=token)["may_approve"])
        row = self.waiting()[-1]
        with self.assertRaises(ApiError) as refused:
            self.service.call("POST", f"/v1/cps/enrollments/{row['id']}/approve", {"change": row["change"], "hash": row["hold"]["hash"]}, token=token)
        self.assertEqual(refused.exception.status, 403)
        (self.folder / "reader").mkdir()
        with Browser(self.folder / "reader", width=1280, height=900) as page:
            page.open(self.service.url.replace("http://", f"http://looker:{token}@") + "/status/icon.svg")
            page.open(f"{self.service.url}/#certificates?search={row['cn']}")
            page.wait(lambda: row["cn"] in page.text("#rows"))
            page.run("document.querySelector('#rows .open').click()")
            page.wait(lambda: "needs the token of an operator" in page.text("#rows"))
            self.assertIsNone(page.run("return document.querySelector('#rows button.main')"))

    # -- alive

    def test_a_change_that_fails_appears_without_a_reload(self):
        number = self.far.phases["validation"][-1]
        self.page.run("document.querySelector('#search').focus()")
        self.page.keys(*str(number))
        self.page.wait(lambda: [need for need, _ in self.rows()] == ["working"])
        self.page.run("window.stayed = true")
        self.far.emulator.enrollments[number].change.fail("late", "the slot is gone")
        self.page.wait(lambda: "the slot is gone" in self.page.text("#rows"), 90)
        self.assertTrue(self.page.run("return window.stayed"))

    def test_what_did_not_change_is_not_sent_again(self):
        import urllib.request
        request = urllib.request.Request(f"{self.service.url}/v1/orders?limit=5", headers={"Authorization": f"Bearer {self.service.token}"})
        with urllib.request.urlopen(request) as reply:
            request.add_header("If-None-Match", reply.headers["ETag"])
        with self.assertRaises(urllib.error.HTTPError) as same:
            urllib.request.urlopen(request)
        self.assertEqual(same.exception.code, 304)

    def test_it_says_that_cps_does_not_answer_and_when_it_does_again(self):
        self.far.emulator.faults.replace([{"kind": "503", "count": 100000}])
        number = self.far.phases["validation"][0]
        self.service.call("POST", f"/v1/cps/enrollments/{number}/validate", {})
        self.page.wait(lambda: "CPS does not answer as it should" in self.page.text("#troubles"), 90)
        self.shoot("trouble")
        self.far.emulator.faults.replace([])
        self.page.wait(lambda: not self.page.text("#troubles"), 90)

    # -- for everybody

    def test_the_keyboard_alone_is_enough(self):
        self.page.run("document.body.focus()")
        self.page.keys("/")
        self.page.wait(lambda: self.focused()[1] == "search")
        self.page.keys(TAB, TAB, TAB)
        self.page.wait(lambda: self.focused()[0] == "BUTTON")
        first = self.focused()[2]
        self.page.keys(DOWN)
        self.assertNotEqual(self.focused()[2], first)
        self.page.keys(ENTER)
        self.page.wait(lambda: self.page.text(".opened .headline"))
        self.page.keys(ENTER)
        self.page.wait(lambda: not self.page.run("return document.querySelector('.opened')"))

    def test_a_screen_reader_finds_headings_and_names(self):
        self.open_row("approval")
        tree = self.page.accessibility()
        for heading in ("What needs you now", "Certificates that end, by week", "Enrollments"):
            self.assertIn(("heading", heading), tree)
        self.assertTrue(any(role == "button" and "in the week from" in name for role, name in tree))
        unnamed = [role for role, name in tree if role in ("button", "link", "searchbox", "combobox") and not name.strip()]
        self.assertEqual(unnamed, [])

    def test_desk_and_phone_light_and_dark_are_readable_and_nothing_is_cut_off(self):
        self.open_row("approval")
        for width, height in ((1280, 1000), (390, 844)):
            self.size(width, height)
            for scheme in ("light", "dark"):
                self.page.prefer(scheme)
                self.page.wait(lambda: self.page.run("return innerWidth") == width)
                self.assertEqual(self.page.run(CONTRAST), [], (width, scheme))
                self.assertLessEqual(self.page.run("return document.documentElement.scrollWidth"), width)
                self.page.run("scrollTo(0, 0)")
                self.shoot(f"{width}-{scheme}")
                self.page.run("document.querySelector('#choices').scrollIntoView()")
                self.shoot(f"{width}-{scheme}-list")
        self.page.prefer("light")

    def test_nothing_comes_from_elsewhere_and_the_console_is_quiet(self):
        self.page.complaints()
        self.open("")
        loaded = self.page.run("return performance.getEntriesByType('resource').map(r => r.name)")
        self.assertEqual([name for name in loaded if not name.startswith(self.service.url)], [])
        self.assertNotIn(self.service.token, self.page.run("return document.documentElement.outerHTML"))
        self.assertEqual(self.page.complaints(), [])

    def test_the_first_rows_come_soon_and_cost_little(self):
        first = self.page.run("return performance.getEntriesByType('resource').filter(r => r.name.includes('inventory') || r.name.includes('/status/'))"
                              ".map(r => [r.name.split('/').pop().split('?')[0], Math.round(r.responseEnd), r.transferSize])")
        total = sum(size for _, _, size in first)
        print(f"\n{COUNT} enrollments: first rows after {max(end for _, end, _ in first)} ms, {total} bytes in {len(first)} files")
        self.assertLess(total, 250_000)


if __name__ == "__main__":
    unittest.main(verbosity=1)
