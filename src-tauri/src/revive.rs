//! The page lives in a process of its own, which may die; it is loaded again, and who is signed in stays so.

use tauri::WebviewWindow;

/// Loads the page again whenever its process has died.
#[cfg(target_os = "linux")]
pub(crate) fn when_it_dies(window: &WebviewWindow) {
    use webkit2gtk::WebViewExt as _;
    let asked = window.with_webview(|webview| {
        webview.inner().connect_web_process_terminated(|view, why| {
            tracing::error!("the page has died ({why:?}) and is loaded again");
            view.reload();
        });
    });
    if let Err(why) = asked {
        tracing::warn!("a page that dies will stay so: {why}");
    }
}

/// Elsewhere the web view is left to do what it does by itself: it has not been tried there.
#[cfg(not(target_os = "linux"))]
pub(crate) const fn when_it_dies(_: &WebviewWindow) {}
