"""The website: its pages hold what the notebooks hold, its links lead somewhere, and a browser can read every page.

Needs Debian's chromium, or the one that CHROMIUM names. The site is built once, from a network that is switched off.
"""

import functools
import html.parser
import http.client
import http.server
import os
import re
import runpy
import subprocess
import sys
import threading
import tomllib
import urllib.parse

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from course_utils import explorables, explorers
from tools import PATHS, ROOT, code_cells, links, site, site_films, tags
from tools.explorables import DRAWN, HELD

for package in ("sphinx", "myst_nb", "sphinx_book_theme"):
    pytest.importorskip(package, reason="the packages of the website are not installed")

UNITS = [f"notebooks/{path.stem}" for path in PATHS]
PAGES = ["index", "run", *UNITS, "notebooks/GLOSSARY", "notebooks/TEACHING"]
# ten words, and the page that the search must find for each
WORDS = {
    "broadcasting": "notebooks/01_tensors",
    "backpropagation": "notebooks/02_autograd",
    "bandwidth": "notebooks/03_gpu",
    "sampler": "notebooks/04_dataset_dataloader",
    "softmax": "notebooks/05_losses",
    "momentum": "notebooks/06_optimizers",
    "MNIST": "notebooks/07_mnist_comparison",
    "arithmetic intensity": "notebooks/GLOSSARY",
    "homework": "notebooks/TEACHING",
    "Codespaces": "run",
}


class Page(html.parser.HTMLParser):
    """What a page asks for: the addresses that it names, by tag, and the ids to which one may link."""

    def __init__(self, text):
        super().__init__()
        self.addresses, self.ids, self.alts, self.article = [], [], [], False
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.ids += [attrs["id"]] if "id" in attrs else []
        self.addresses += [(tag, attrs[name]) for name in ("href", "src") if attrs.get(name)]
        self.article |= tag == "article"
        if tag == "img" and self.article:
            self.alts.append(attrs.get("alt", ""))

    def handle_endtag(self, tag):
        self.article &= tag != "article"


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The site, as ``make site`` builds it, where nothing outside can be reached."""
    folder = tmp_path_factory.mktemp("web") / "site"
    env = os.environ | dict.fromkeys(("http_proxy", "https_proxy", "ALL_PROXY"), "http://127.0.0.1:9")
    command = "import pathlib, sys; from tools import site; site.build(pathlib.Path(sys.argv[1]))"
    done = subprocess.run(
        [sys.executable, "-c", command, folder], cwd=ROOT, env=env, capture_output=True, encoding="utf-8"
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return folder


def html_files(folder):
    """The pages of the site; the theme has parts of pages of its own."""
    return [path for path in folder.rglob("*.html") if "_static" not in path.parts]


@functools.cache
def read(file):
    return Page(file.read_text(encoding="utf-8"))


# ---- the pages


def test_every_page_is_there(built):
    found = {path.relative_to(built).with_suffix("").as_posix() for path in html_files(built)}
    assert found == {*PAGES, "search"}
    for file in html_files(built):
        assert len(re.findall(r'<link rel="icon" href="[^"]*favicon', file.read_text(encoding="utf-8"))) == 1, file.name


def test_all_links_inside_the_site_lead_somewhere(built):
    for file in html_files(built):
        for tag, address in read(file).addresses:
            parts = urllib.parse.urlsplit(address)
            if parts.scheme in ("http", "https"):
                assert tag == "a", f"{file.name} loads {address}"
            elif parts.scheme != "data":
                target = (file.parent / urllib.parse.unquote(parts.path)).resolve() if parts.path else file
                assert target.is_file(), f"{file.name} links to {address}"
                if parts.fragment and target.suffix == ".html":
                    assert urllib.parse.unquote(parts.fragment) in read(target).ids, f"{file.name}: {address}"


def test_ids_are_unique(built):
    for name in PAGES:
        ids = read(built / f"{name}.html").ids
        assert len(ids) == len(set(ids)), name


def test_the_start_page_says_what_for_whom_and_where_to_click(built):
    text = (built / "index.html").read_text(encoding="utf-8")
    article = text.partition("<article")[2].partition("</article>")[0]
    assert "For whom?" in article and "Where to start" in article and "README.png" in article
    for path in PATHS:
        minutes = re.search(r"\*\*Time\*\*: (\d+ minutes)", nbformat.read(path, as_version=4).cells[0].source)[1]
        assert re.search(rf'href="notebooks/{path.stem}\.html".*?{minutes}', article, re.S)
    assert links.COLAB.format(stem=PATHS[0].stem, **site.course()) in article
    assert re.search(rf'class="right-next"\s+href="{UNITS[0]}\.html"', text), "the next page is unit 1"


def test_each_unit_says_where_it_can_be_run(path, built):
    text = (built / "notebooks" / f"{path.stem}.html").read_text(encoding="utf-8")
    (top,) = re.findall(r"<p>(On this page, you read\..*?)</p>", text.partition("</h1>")[2], re.S)
    assert re.findall(r'href="(.*?)"', top) == [links.COLAB.format(stem=path.stem, **site.course()), "../run.html"]


def test_the_buttons_open_what_the_badges_open(path, built):
    page = read(built / "notebooks" / f"{path.stem}.html")
    addresses = [address for _, address in page.addresses]
    assert links.COLAB.format(stem=path.stem, **site.course()) in addresses
    assert any("mybinder.org/v2/gh/" in address and path.name in address for address in addresses)


def folds(notebook):
    """The cells whose output answers a question before them: the first with an output after each Predict."""
    found, asked = [], False
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            asked |= "**Predict**" in cell.source
        else:
            found += [cell] if asked and cell.outputs and "setup" not in tags(cell) else []
            asked = False
    return found


def test_answers_are_folded_and_everything_else_is_open(path, notebook, built):
    text = (built / "notebooks" / f"{path.stem}.html").read_text(encoding="utf-8")
    tried = len(explorables_of(notebook))  # these are open, and the paragraph after them is folded
    assert text.count("Show the answer") == tried
    assert text.count("Show what happens") == len(folds(notebook)) - tried > 10
    cells = re.findall(r'<div class="cell ([^"]*)docutils container">', text)
    assert sum("tag_predict" in classes for classes in cells) == len(folds(notebook))
    assert text.count('<details class="fold">') == len(folds(notebook)) + 1, "these, and the setup cell"
    # an answer is behind its fold, in the paragraph after the output
    answers = re.findall(r'<p class="answer">.*?</p>\s*(?:</div>\s*)?</details>', text, re.S)
    assert len(answers) == text.count('<p class="answer">') >= 0.8 * len(folds(notebook))


def test_hints_and_solution_unfold_one_by_one(path, built):
    text = (built / "notebooks" / f"{path.stem}.html").read_text(encoding="utf-8")
    module = site.importlib.import_module(f"course_utils.exercises.u{path.stem}")
    steps = re.findall(r'<details class="help">\s*<summary>(.*?)</summary>', text)
    expected = []
    for exercise in module.EXERCISES:
        expected += [f"Hint {n} of {len(exercise.hints)}" for n in range(1, len(exercise.hints) + 1)] + ["Solution"]
    assert steps == expected
    assert "not attempted" not in re.sub(r"<pre>.*?</pre>|<details.*?</details>", "", text, flags=re.S)
    for exercise in module.EXERCISES:
        inner = site.help_for(exercise)
        assert inner.index(exercise.hints[0]) < inner.index("<summary>Solution") < inner.index(exercise.idea)
        assert len(re.findall(r"</details>(?=\n\n</details>)", inner)) == len(exercise.hints), (
            "each is inside the one before"
        )


def test_every_picture_is_described(path, notebook, built):
    alts = read(built / "notebooks" / f"{path.stem}.html").alts
    for cell in code_cells(notebook):
        described = cell.metadata.get("mystnb", {}).get("image", {}).get("alt")
        if described and any("image/png" in output.get("data", {}) for output in cell.outputs):
            assert described in alts, cell.id
    assert all(len(alt) > 20 for alt in alts), [alt for alt in alts if len(alt) <= 20]


def test_a_fork_is_named_in_every_link(monkeypatch):
    monkeypatch.setenv("GITHUB_REPOSITORY", "someone-else/my-course")
    monkeypatch.setattr(site_films, "play", lambda notebook: [])
    texts = dict(site.pages())
    assert "someone-else/my-course/blob/student/notebooks/01_tensors.ipynb" in texts["index.md"]
    assert "github.com/someone-else/my-course" in texts["run.md"]
    assert "YOUR_NAME" not in "".join(texts.values())


def test_the_command_builds_and_opens(monkeypatch, capsys):
    done = []
    folder = ROOT / "build" / "site"
    monkeypatch.setattr(site, "build", done.append)
    monkeypatch.setattr(site, "serve", lambda shown: done.append(("serve", shown)))
    assert site.main([]) == 0 and done == [folder]
    assert site.main(["--open"]) == 0 and done[1:] == [folder, ("serve", folder)]
    assert site.main(["nonsense"]) == 2 and "python -m tools.site" in capsys.readouterr().out


def test_a_site_is_served_until_ctrl_c(monkeypatch, tmp_path, capsys):
    (tmp_path / "index.html").write_text("Start here", encoding="utf-8")
    opened = []

    def one_request(server):
        threading.Thread(target=server.handle_request).start()
        connection = http.client.HTTPConnection(*server.server_address)
        connection.request("GET", urllib.parse.urlsplit(opened[0]).path)
        assert connection.getresponse().read() == b"Start here"
        raise KeyboardInterrupt

    monkeypatch.setattr(site.webbrowser, "open", opened.append)
    monkeypatch.setattr(http.server.ThreadingHTTPServer, "serve_forever", one_request)
    site.serve(tmp_path)
    assert f"{opened[0]} (Ctrl+C ends it)" in capsys.readouterr().out


def test_printed_tables_are_told_from_messages():
    tables = runpy.run_path(str(ROOT / "site/conf.py"))["tables"]
    table = "name   loss   rate\nSGD    0.25      1\nAdam   0.12   0.01"
    error = "Traceback (most recent call last):\n  Cell, line 1, in <module>\n    f(x)\nValueError: no f"
    assert tables(table) == [(True, table)] and tables(error) == [(False, error)]
    assert tables(f"{table}\n\n{error}\n{table}") == [(True, table), (False, f"\n{error}"), (True, table)]
    assert tables(f"{table}\n\n{table}") == [(True, f"{table}\n"), (True, table)]
    assert tables("loss   0.25\nrate   1") == [(False, "loss   0.25\nrate   1")]


def test_links_to_other_files_lead_to_the_repository():
    folder = ROOT / "notebooks"
    blob = "https://github.com/{repository}/blob/{ref}".format(**site.course())
    assert site.here("[d](../data/README.md#mnist)", folder) == f"[d]({blob}/data/README.md#mnist)"
    assert site.here("[l](LICENSE)", ROOT) == f"[l]({blob}/LICENSE)"
    for stays in ("[u](02_autograd.ipynb)", "[g](GLOSSARY.md)", "[p](https://pytorch.org)", "f[0](x)"):
        assert site.here(stays, folder) == stays


# ---- the films


def film_page(*sources):
    """A notebook with a setup cell, some cells, and a film of which no picture is stored yet."""
    setup = new_code_cell("import course_utils\ncourse_utils.setup('x')", metadata={"tags": ["setup"]})
    return new_notebook(cells=[setup, *(new_code_cell(source) for source in sources)])


FILM = """from course_utils.pictures import films
def draw(ax, k):
    ax.plot([0, points[k]])
films.animate(draw, range(4))"""


def test_a_film_needs_only_its_own_cells():
    page = film_page("import torch", "points = torch.arange(4.0)", "raise ValueError", FILM)
    chosen = site_films.needed(page.cells, 4)
    assert [cell.source for cell in chosen] == ["import torch", "points = torch.arange(4.0)", FILM]


@pytest.mark.parametrize(("change", "left"), [("", []), ("points[3] = 0", ["film"])])
def test_a_film_plays_only_where_it_shows_what_is_stored(change, left):
    """A cell that changes something and names nothing is not seen; then the stored pictures stay."""
    page = film_page("points = [0, 3, 1, 2]", change, FILM)
    page.cells[-1].id = "film"
    whole = film_page(f"points = [0, 3, 1, 2]\n{change}", FILM)
    picture = site_films.strip(*site_films.film_calls(whole, 2)[0][:2])
    data = {"image/png": site_films.base64.b64encode(picture).decode()}
    page.cells[-1].outputs = [new_output("display_data", data)]
    page.cells[-1].metadata["mystnb"] = {"image": {"alt": "A line that turns."}}
    assert site_films.play(page) == left
    shown = page.cells[-1].outputs[0].data
    assert ("image/png" in shown) == bool(left)
    if not left:
        assert 'alt="A line that turns."' in shown["text/html"] and "aria-label" in shown["text/html"]


# ---- the explorables


def test_each_explorer_that_the_page_can_draw_is_named(monkeypatch):
    drawn = []
    monkeypatch.setattr(explorers, "explore", lambda draw, *_: drawn.append(explorers.IN_PAGE[draw]))
    for name in site.EXPLORABLES:
        getattr(explorers, name)()
    assert drawn == list(site.EXPLORABLES.values()) and sorted(drawn) == sorted(explorables.NAMES)


def explorables_of(notebook):
    """The explorables that a notebook calls, each with the number of pictures that are stored for it."""
    calls = [(cell, re.search(r"explorers\.(\w+)\(\)", cell.source)) for cell in code_cells(notebook)]
    return [(site.EXPLORABLES[c[1]], len(cell.outputs)) for cell, c in calls if c and c[1] in site.EXPLORABLES]


def test_the_stored_pictures_stay_where_no_module_is_loaded(path, notebook, built):
    text = (built / "notebooks" / f"{path.stem}.html").read_text(encoding="utf-8")
    places = re.findall(r'<div data-explorable="(\w+)">(.*?)</div>', text, re.S)
    assert [(name, inner.count("<img ")) for name, inner in places] == explorables_of(notebook)
    assert all("<p" not in inner for _, inner in places), "only the pictures are replaced"


# ---- what goes with a public course


def test_the_version_is_the_same_everywhere():
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    newest = re.search(r"^## (\S+) \((\S+)\)$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.M)
    assert re.search(r"^version: (\S+)$", citation, re.M)[1] == version == newest[1]
    assert re.search(r"^date-released: (\S+)$", citation, re.M)[1] == newest[2]


def test_the_commands_of_the_page_for_contributors_exist():
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    named = re.findall(r"`make ([a-z-]+)", text)
    assert len(named) > 5 and all(re.search(rf"^{target}:.*## ", makefile, re.M) for target in named)
    for file in re.findall(r"`?((?:tests|notebooks|course_utils)/[\w/]+\.\w+)", text):
        assert (ROOT / file).is_file(), file


def test_the_link_below_a_page_fills_in_the_form(built):
    """GitHub fills in the fields of a form whose ids are in the address."""
    form = (ROOT / ".github/ISSUE_TEMPLATE/unclear-sentence.yml").read_text(encoding="utf-8")
    for name in PAGES:
        (address,) = [a for _, a in read(built / f"{name}.html").addresses if "/issues/new" in a]
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(address).query)
        assert query["template"] == ["unclear-sentence.yml"] and name in query["page"][0]
        assert site.course()["repository"] in address
    script = (ROOT / "site/static/course.js").read_text(encoding="utf-8")
    assert "&sentence=" in script and {"page", "sentence"} <= set(re.findall(r"^    id: (\w+)$", form, re.M))


# ---- the browser


@pytest.fixture(scope="module")
def address(built):
    """The address of a server of the site."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=built)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="module")
def browser(chromium):
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as p:
        browser = p.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        )
        yield browser
        browser.close()


class Tab:
    """A page of the browser that reaches nothing but the site; it collects what was asked for outside, and every error."""

    def __init__(self, browser, address):
        self.context = browser.new_context(reduced_motion="reduce")
        self.page = self.context.new_page()
        self.page.set_default_timeout(30_000)
        self.address, self.problems = address, []
        self.page.on("request", self.see)
        self.page.on("response", lambda r: r.status >= 400 and self.problems.append(f"{r.status} {r.url[:200]}"))
        self.page.on("pageerror", lambda error: self.problems.append(str(error)[:300]))
        self.page.on("console", lambda m: m.type in ("error", "warning") and self.problems.append(m.text[:300]))
        self.context.route(re.compile(r"^https?://(?!127\.0\.0\.1)"), lambda route: route.abort())

    def see(self, request):
        if not request.url.startswith((self.address, "data:", "blob:")):
            self.problems.append(f"asks for {request.url[:200]}")

    def empty(self):
        """Leave the page, and forget what was chosen there."""
        self.page.goto(f"{self.address}/_static/favicon.svg")
        self.page.evaluate("() => localStorage.clear()")
        self.page.set_viewport_size({"width": 1280, "height": 900})
        self.page.mouse.move(0, 0)
        self.context.unroute("**/tex-svg.js")
        self.problems.clear()

    def open(self, name, formulas=True):
        """Open a page, and wait until its formulas are drawn, which takes long, and its explorables are there."""
        if not formulas:
            self.context.route("**/tex-svg.js", lambda route: route.fulfill(body="", content_type="text/javascript"))
        self.page.goto(f"{self.address}/{name}.html")
        self.page.evaluate("() => window.MathJax?.startup?.promise.then(() => 0)")
        self.page.wait_for_function("() => !document.querySelector('[data-explorable] > img')")
        return self.page


@pytest.fixture(scope="module")
def only_tab(browser, address):
    return Tab(browser, address)


@pytest.fixture
def tab(only_tab):
    only_tab.empty()
    yield only_tab
    assert not only_tab.problems


def formulas(built, name):
    """How many formulas the source of a page has."""
    source = built.with_name("site-pages") / name
    if source.with_suffix(".ipynb").exists():
        cells = nbformat.read(source.with_suffix(".ipynb"), as_version=4).cells
        texts = [cell.source for cell in cells if cell.cell_type == "markdown"]
    else:
        texts = [source.with_suffix(".md").read_text(encoding="utf-8")]
    from markdown_it import MarkdownIt
    from mdit_py_plugins.amsmath import amsmath_plugin
    from mdit_py_plugins.dollarmath import dollarmath_plugin

    parser = MarkdownIt("commonmark").enable("table").use(dollarmath_plugin).use(amsmath_plugin)
    tokens = [token for text in texts for block in parser.parse(text) for token in [block, *(block.children or [])]]
    return sum(token.type.startswith(("math_", "amsmath")) for token in tokens)


# what sticks out of the page, where it is not in a box of its own that scrolls
PARTS = "article :is(p, li, h1, h2, h3, code, img, summary, button, table, pre, svg)"
STICKS_OUT = """parts => [...document.querySelectorAll(parts)]
    .filter(e => e.getBoundingClientRect().right > innerWidth + 1)
    .filter(e => { for (let p = e; p.tagName !== 'ARTICLE'; p = p.parentElement)
        if (['auto', 'scroll'].includes(getComputedStyle(p).overflowX)) return false; return true })
    .map(e => e.outerHTML.slice(0, 150))"""
# a printed text, other than a table, of which a line ends where one cannot see it
CUT = """() => [...document.querySelectorAll('.cell_output .output:not(.in-columns) pre')]
    .filter(e => { for (let p = e; !p.matches('.cell_output'); p = p.parentElement)
        if (p.scrollWidth > p.clientWidth) return true; return false })
    .map(e => e.innerText.slice(0, 150))"""
# 300 ms after the size has changed, the theme gives what scrolls its place in the order of the Tab key
MEASURED = """() => new Promise(resolve =>
    requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => resolve(0), 400))))"""
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
AXE = """async options => {
    const found = await axe.run(document, {resultTypes: ['violations'], preload: false, ...options});
    return found.violations.flatMap(v => v.nodes.map(n => [v.id, n.html.slice(0, 200)])) }"""
# texts of the same kind in the same surroundings have the same colours: one of them is enough, and axe is slow
ONE_OF_A_KIND = """() => { const seen = new Set(), first = new Set();
    for (let gone = true; gone;) { gone = false;
        for (const e of [...document.querySelectorAll('article *')]) {
            if (first.has(e) || e.childElementCount || e.shadowRoot || e.closest('mjx-container, svg')) continue;
            let kind = ''; for (let p = e, n = 0; n < 4; n++, p = p.parentElement) kind += `${p.tagName}.${p.className} `;
            if (seen.has(kind)) { e.remove(); gone = true } else { seen.add(kind); first.add(e) } } } }"""


@pytest.mark.parametrize("name", PAGES)
def test_a_page_can_be_read_on_a_screen_on_a_phone_and_in_the_dark(name, tab, built):
    page = tab.open(name)
    assert page.locator("article mjx-container").count() == formulas(built, name)
    assert page.locator("[data-mjx-error], mjx-merror").count() == 0
    page.evaluate("() => document.querySelectorAll('details').forEach(d => { d.open = true })")
    page.set_viewport_size({"width": 390, "height": 844})
    page.evaluate(DRAWN)
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 390
    assert page.evaluate(STICKS_OUT, PARTS) == []
    assert page.evaluate(CUT) == []
    page.set_viewport_size({"width": 1280, "height": 900})
    page.evaluate(MEASURED)
    assert page.evaluate(CUT) == []
    page.add_script_tag(path=axe_file())
    assert page.evaluate(AXE, {"runOnly": WCAG, "rules": {"color-contrast": {"enabled": False}}}) == []
    page.evaluate(ONE_OF_A_KIND)
    for theme in ("light", "dark"):
        page.evaluate("theme => { document.documentElement.dataset.theme = theme }", theme)
        bright = page.evaluate("() => getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)")
        assert (sum(bright) > 600) == (theme == "light") and (sum(bright) < 200) == (theme == "dark")
        assert page.evaluate(AXE, {"runOnly": ["color-contrast"]}) == []


def axe_file():
    package = pytest.importorskip("axe_playwright_python", reason="axe is not installed")
    return os.path.join(os.path.dirname(package.__file__), "axe.min.js")


def test_the_search_finds_ten_words(tab):
    page = tab.open("search")
    for word, name in WORDS.items():
        page.goto(f"{tab.address}/search.html?q={urllib.parse.quote(word)}")
        page.wait_for_selector(f"#search-results li a[href*='{name}.html']")


def press_until(page, key, there, most=80):
    """Press a key until what has the focus is right."""
    for _ in range(most):
        page.keyboard.press(key)
        if page.evaluate(there):
            return
    raise AssertionError(
        f"{most} times {key}, and the focus is on {page.evaluate('document.activeElement.outerHTML')[:200]}"
    )


def test_the_keyboard_is_enough(tab):
    page = tab.open("index")
    page.keyboard.press("Tab")
    assert "Skip to main content" in page.evaluate("document.activeElement.textContent")
    page.keyboard.press("Enter")
    press_until(page, "Tab", "document.activeElement.matches('article a[href*=\"01_tensors\"]')")
    page.keyboard.press("Enter")
    page.wait_for_url("**/notebooks/01_tensors.html")
    focus = "document.activeElement"
    press_until(page, "Tab", f"{focus}.matches('.theme-switch-button')")
    page.keyboard.press("Enter")
    press_until(page, "Tab", f"{focus}.dataset.mode === 'dark'", most=5)
    page.keyboard.press("Enter")
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    press_until(page, "Tab", f"{focus}.matches('.unfold button')")
    closed = page.locator(".tag_predict details:not([open])").count()
    page.keyboard.press("Enter")
    assert closed > 10 and page.locator(".tag_predict details:not([open])").count() == 0
    page.keyboard.press("Enter")
    assert page.locator(".tag_predict details:not([open])").count() == closed
    press_until(page, "Tab", f"{focus}.matches('.tag_predict summary')")
    page.keyboard.press("Enter")
    assert page.evaluate(f"{focus}.parentElement.open && {focus}.parentElement.innerText.length > 20")
    press_until(page, "Tab", f"{focus}.matches('details.help > summary')", most=200)
    page.keyboard.press("Enter")
    press_until(page, "Tab", f"{focus}.matches('details.help details.help > summary')", most=5)
    page.keyboard.press("Control+k")
    page.keyboard.type("momentum")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search.html?q=momentum")
    page.wait_for_selector("#search-results li a")
    press_until(page, "Tab", f"{focus}.matches('#search-results a')")


def test_films_play(tab, notebook, path, built):
    films = [cell for cell in code_cells(notebook) if "films.animate(" in cell.source]
    if not films:
        return
    page = tab.open(f"notebooks/{path.stem}", formulas=False)
    page.locator(".unfold button").click()
    assert page.locator(".animation").count() == len(films), "a film stayed a picture"
    for number in range(len(films)):
        film = page.locator(".animation").nth(number)
        film.locator("button[title='First frame']").click()
        first = film.locator("img").get_attribute("src")
        film.locator("button[title='Next frame']").click()
        assert film.locator("img").get_attribute("src") != first
        film.locator("button[title='Play']").click()
        film.locator("input").first.evaluate(
            """slider => new Promise(resolve => { const before = slider.value;
                const clock = setInterval(() => { if (slider.value !== before) { clearInterval(clock); resolve(0) } }, 50) })"""
        )
        film.locator("button[title='Pause']").click()


# what one sees of an explorable, and what it says of its state
PICTURE = """el => [...el.firstChild.shadowRoot.querySelectorAll('svg, [data-node]')].map(part => part.outerHTML
    .replace(/ aria-\\w+="[^"]*"/g, '') + [...part.querySelectorAll('input')].map(input => input.value)).join()"""
STATE = "el => el.firstChild.shadowRoot.querySelector('[data-text]').textContent"


def test_an_explorable_follows_the_hand(path, notebook, tab):
    if not (found := explorables_of(notebook)):
        return
    page = tab.open(f"notebooks/{path.stem}", formulas=False)
    for name, _ in found:
        explorable = page.locator(f".tag_predict > .cell_output > [data-explorable={name}]")  # in no fold
        answer = page.locator(f".tag_explorable-{name} .answer")
        assert explorable.is_visible() and answer.count() == 1 and not answer.is_visible(), name
        held = explorable.locator(HELD[name])
        held.evaluate("held => held.scrollIntoView({block: 'center'})")
        box, before = held.bounding_box(), [explorable.evaluate(look) for look in (PICTURE, STATE)]
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x + 45, y - 30, steps=3)
        page.mouse.up()
        page.evaluate(DRAWN)
        after = [explorable.evaluate(look) for look in (PICTURE, STATE)]
        assert all(before) and before[0] != after[0] and before[1] != after[1], name
    page.set_viewport_size({"width": 390, "height": 844})
    page.evaluate(DRAWN)
    for section in page.locator("[data-explorable] section").all():
        assert section.evaluate("section => section.scrollWidth <= section.clientWidth")


def test_a_report_takes_the_marked_sentence_with_it(tab):
    page = tab.open("notebooks/02_autograd")
    sentence = page.evaluate(
        """() => { const p = [...document.querySelectorAll('article p')].find(p => p.innerText.length > 100);
            window.getSelection().selectAllChildren(p); return String(window.getSelection()).trim() }"""
    )
    page.locator(".report-link").focus()
    query = urllib.parse.parse_qs(urllib.parse.urlsplit(page.locator(".report-link").get_attribute("href")).query)
    assert len(sentence) > 20 and query["sentence"] == [sentence[:500].strip()]
