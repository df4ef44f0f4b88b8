//! A real browser for one test: Chromium driven by ChromeDriver, with a directory of its own that is gone with the
//! test.
#![allow(dead_code, reason = "each test target uses its own part")]

use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::Request;
use fantoccini::wd::{Capabilities, PrintConfiguration, PrintSize, WindowHandle};
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::{self, connect::HttpConnector};
use hyper_util::rt::TokioExecutor;
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::process::{Running, Seen, eventually, with_marker};

// The programs that `deploy/setup.sh` looks for.
const DRIVERS: [&str; 3] =
    ["chromedriver", "chromium.chromedriver", "/usr/lib/chromium-browser/chromedriver"];
const BROWSERS: [&str; 7] = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
];
/// The flags of a browser that draws nothing, talks to nobody but the page, and can run as root in a container.
const FLAGS: [&str; 9] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
];
/// Runs ChromeDriver (`$0`), and ends it with its browser and its directory (`$1`) when the test's process (`$2`) is gone
/// without having done so.
const GUARD: &str = r#""$0" --port=0 & while kill -0 "$2" 2>/dev/null; do sleep 1; done
pkill -KILL -f -- "--user-data-dir=$1"; rm -rf "$1"; kill -KILL 0"#;
/// How long anything in a browser may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_millis(50);

/// A running browser. Dropping it kills it, with everything that it started.
pub struct Browser {
    client: Client,
    /// The URL of ChromeDriver.
    url: String,
    driver: Driver,
    /// Given back when the browser is gone.
    _turn: SemaphorePermit<'static>,
}

/// The browsers that run at once: starting one takes both cores of a small machine, and brokers boot beside them.
static TURNS: Semaphore = Semaphore::const_new(2);

/// A running ChromeDriver, and the directory that every process of its browser names in its arguments.
struct Driver {
    running: Running,
    directory: TempDir,
}

impl Browser {
    /// Starts a browser with one empty window.
    pub async fn start() -> Self {
        Self::start_with(json!({})).await
    }

    /// Starts a browser that takes any certificate: that of a test is known to nobody.
    pub async fn start_without_authorities() -> Self {
        Self::start_with(json!({"acceptInsecureCerts": true})).await
    }

    /// Starts a browser with these capabilities beside the usual ones.
    async fn start_with(further: Value) -> Self {
        let turn = TURNS.acquire().await.unwrap();
        let driver = Driver::start(&find(&DRIVERS));
        let started = driver.running.out_line("started successfully on port ");
        let port = started.rsplit(' ').next().unwrap().trim_end_matches('.');
        let mut flags: Vec<String> = FLAGS.iter().map(|flag| (*flag).to_owned()).collect();
        flags.push(format!("--user-data-dir={}", driver.directory.path().join("profile").display()));
        let capabilities = json!({
            "browserName": "chrome",
            "goog:chromeOptions": {"binary": find(&BROWSERS), "args": flags},
            "goog:loggingPrefs": {"browser": "ALL"},
        });
        let mut capabilities: Capabilities = capabilities.as_object().unwrap().clone();
        capabilities.extend(further.as_object().unwrap().clone());
        let url = format!("http://127.0.0.1:{port}");
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities)
            .connect(&url)
            .await
            .unwrap_or_else(|error| panic!("no browser: {error}\n{}", driver.running.everything()));
        Self { client, url, driver, _turn: turn }
    }

    /// A new window that shows this address.
    pub async fn open(&self, url: &str) -> Window<'_> {
        let handle = self.client.new_window(false).await.unwrap().handle;
        let window = Window { client: &self.client, handle };
        window.go().await;
        self.client.goto(url).await.unwrap();
        window
    }

    /// The window that this script opens in another one.
    pub async fn opened_by(&self, window: &Window<'_>, script: &str) -> Window<'_> {
        let before = self.client.windows().await.unwrap();
        window.run(script).await;
        let opened = |windows: Vec<WindowHandle>| windows.into_iter().find(|handle| !before.contains(handle));
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(handle) = opened(self.client.windows().await.unwrap()) {
                return Window { client: &self.client, handle };
            }
            assert!(Instant::now() < deadline, "no window was opened");
            tokio::time::sleep(LOOK).await;
        }
    }

    /// The messages that the pages wrote to the console since the last call, or that the browser wrote there for them.
    pub async fn console(&self) -> Vec<Value> {
        // The command is ChromeDriver's own, because WebDriver has none for the console.
        let session = self.client.session_id().await.unwrap().unwrap();
        let ask = Request::post(format!("{}/session/{session}/se/log", self.url))
            .header("content-type", "application/json")
            .body(json!({"type": "browser"}).to_string())
            .unwrap();
        let http = legacy::Client::builder(TokioExecutor::new()).build(HttpConnector::new());
        let answer = http.request(ask).await.unwrap().into_body();
        let answer = axum::body::to_bytes(Body::new(answer), usize::MAX).await.unwrap();
        let answer: Value = serde_json::from_slice(&answer).unwrap();
        answer["value"].as_array().unwrap_or_else(|| panic!("{answer}")).clone()
    }

    /// Ends the browser. Gives the processes that are left of it, which should be none.
    pub fn end(self) -> Vec<Seen> {
        drop(self.client);
        self.driver.end()
    }
}

impl Driver {
    fn start(program: &Path) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", GUARD]).args([program, directory.path()]).arg(std::process::id().to_string());
        command.process_group(0);
        for variable in ["HOME", "TMPDIR", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"] {
            command.env(variable, directory.path());
        }
        Self { running: Running::start(command), directory }
    }

    fn end(&self) -> Vec<Seen> {
        let marker = self.directory.path().display().to_string();
        killpg(Pid::from_raw(self.running.id()), Signal::SIGKILL).ok();
        let mut left = Vec::new();
        // A browser may be a group of its own, and starts its dead processes again while its first process lives.
        eventually(PATIENCE, || {
            left = with_marker(&marker);
            left.iter().for_each(|seen| {
                nix::sys::signal::kill(Pid::from_raw(seen.id), Signal::SIGKILL).ok();
            });
            left.is_empty()
        });
        left
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        self.end();
    }
}

/// One window of a browser.
pub struct Window<'a> {
    client: &'a Client,
    handle: WindowHandle,
}

impl Window<'_> {
    async fn go(&self) {
        self.client.switch_to_window(self.handle.clone()).await.unwrap();
    }

    /// Gives the window this size, in pixels.
    pub async fn resize(&self, width: u32, height: u32) {
        self.go().await;
        self.client.set_window_size(width, height).await.unwrap();
    }

    /// Runs a script in the window, and gives what the script returns.
    pub async fn run(&self, script: &str) -> Value {
        self.go().await;
        self.client.execute(script, vec![]).await.unwrap()
    }

    /// Shows another address in the window.
    pub async fn visit(&self, url: &str) {
        self.go().await;
        self.client.goto(url).await.unwrap();
    }

    /// Goes back to the address before.
    pub async fn back(&self) {
        self.go().await;
        self.client.back().await.unwrap();
    }

    /// The picture of the first element that this selector finds, as PNG.
    pub async fn picture(&self, selector: &str) -> Vec<u8> {
        self.go().await;
        self.client.find(Locator::Css(selector)).await.unwrap().screenshot().await.unwrap()
    }

    /// Number of sheets of paper, of size A4, that the page takes.
    pub async fn sheets(&self) -> usize {
        self.go().await;
        let paper = PrintConfiguration::builder().size(PrintSize::A4).background(true).build().unwrap();
        let printed = self.client.print(paper).await.unwrap();
        // The browser's PDF names each page in the open.
        String::from_utf8_lossy(&printed).matches("/Type /Page\n").count()
    }

    /// Waits until a script returns this value.
    pub async fn until(&self, script: &str, expected: impl Into<Value>) {
        let expected = expected.into();
        let deadline = Instant::now() + PATIENCE;
        loop {
            let now = self.run(script).await;
            if now == expected {
                return;
            }
            if Instant::now() > deadline {
                let text = self.run("return document.body.innerText").await;
                panic!(
                    "{script}\n is {now}, not {expected}, after {PATIENCE:?}:\n{}",
                    text.as_str().unwrap()
                );
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Types into the element that this selector finds, as a person does.
    pub async fn type_into(&self, selector: &str, keys: &str) {
        self.go().await;
        self.client.find(Locator::Css(selector)).await.unwrap().send_keys(keys).await.unwrap();
    }
}

/// The path of the first of these programs that this machine has.
fn find(names: &[&str]) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut places = names.iter().flat_map(|name| {
        std::env::split_paths(&path).chain(["/usr/bin".into()]).map(move |place| place.join(name))
    });
    places.find(|file| file.is_file()).unwrap_or_else(|| {
        panic!("this test needs a browser, and none of {names:?} is here; see `make setup`")
    })
}
