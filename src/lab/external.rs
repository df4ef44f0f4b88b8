//! A broker that the user brings: checked before anything starts, never broken, and left as it was.

use std::time::Duration;

use super::error::LabError;
use super::product::Product;
use super::refusal::{BrokerRefusal, ESCAPED, PATIENCE};
use address::SafeUrl;

/// How long it may take to clean up at the user's broker: cleaning is a part of the end, which is to come soon.
const CLEAN: Duration = Duration::from_secs(1);

/// The version of the broker at this URL, if nodes with these flags will be able to use it.
///
/// # Errors
/// When the URL is none of this product, when nobody answers there, or when it does not let us in.
pub async fn version(product: Product, url: &str, node_flags: &[String]) -> Result<String, LabError> {
    let refusal = match tokio::time::timeout(2 * PATIENCE, product.version_of(url, node_flags)).await {
        Ok(Ok(version)) => return Ok(version),
        Ok(Err(refusal)) => refusal,
        Err(_) => BrokerRefusal::unusable("it does not answer"),
    };
    let shown = SafeUrl::new(url);
    Err(match refusal {
        BrokerRefusal::Url(why) => {
            let form = product.url_form();
            // Whoever has an `@` in the URL has a login in it, and most often that is what is malformed.
            let hint = if url.contains('@') { format!("{form}; {ESCAPED}") } else { form.to_owned() };
            LabError::usage(format!("the broker URL {shown} cannot be used: {why}")).hint(hint)
        }
        BrokerRefusal::Unusable { why, hint } => {
            let hint = hint.unwrap_or_else(|| match why.contains("lookup address") {
                true => "check the name of the host in the URL".into(),
                false => "start it, or leave out `--broker` and the lab starts its own".into(),
            });
            LabError::environment(format!("the broker at {shown} cannot be used: {why}")).hint(hint)
        }
    })
}

/// Removes what the nodes and the history of this namespace have made at the user's broker to stay, and what nodes with
/// these process ids were killed before they could remove themselves.
///
/// # Errors
/// When something of it is still there; the error is a sentence for people.
pub async fn clean(product: Product, url: &str, namespace: &str, nodes: &[i32]) -> Result<(), String> {
    let why = match tokio::time::timeout(CLEAN, product.clean(url, namespace, nodes)).await {
        Ok(Ok(())) => return Ok(()),
        Ok(Err(why)) => why,
        Err(_) => "it does not answer".into(),
    };
    let shown = SafeUrl::new(url);
    Err(format!(
        "what is called {namespace} is left at the broker {shown}, for it could not be deleted: {why}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_url_that_is_none_is_wrong_usage() {
        for url in [
            "redis://me:s3cret@host:port",
            "amqp://me:s3cret@host:port",
            "amqp:me:s3cret@host",
            "amqps://me:s3cret@host",
        ] {
            let error = version(Product::of_url(url).unwrap(), url, &[]).await.unwrap_err();
            assert_eq!(error.exit, 2, "{error}");
            assert!(!error.message.contains("s3cret"), "{error}");
            assert!(error.hint.is_some());
        }
    }
}

#[cfg(test)]
mod tests_of_the_machine {
    use super::*;

    #[tokio::test]
    async fn one_that_is_not_there_is_named_without_its_password() {
        let port = crate::ports::free(1).unwrap()[0];
        for product in Product::ALL {
            let scheme = product.scheme();
            let url = format!("{scheme}://me:s3cret@127.0.0.1:{port}");
            let error = version(product, &url, &[]).await.unwrap_err();
            assert_eq!(error.exit, 4);
            let expected = format!("the broker at {scheme}://***@127.0.0.1:{port} cannot be used: ");
            assert!(error.message.starts_with(&expected), "{error}");
            assert!(!error.to_string().contains("s3cret"));
        }
    }

    #[tokio::test]
    async fn one_that_speaks_something_else_is_named() {
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        std::thread::spawn(move || {
            use std::io::{Read, Write};
            while let Ok((mut stream, _)) = listener.accept() {
                // The protocol header of AMQP has eight bytes.
                stream.read_exact(&mut [0; 8]).ok();
                stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").ok();
            }
        });
        let error = version(Product::named("amqp").unwrap(), &format!("amqp://127.0.0.1:{port}"), &[])
            .await
            .unwrap_err();
        assert!(error.message.ends_with("cannot be used: not an answer of AMQP 0-9-1"), "{error}");
        assert_eq!(error.exit, 4);
    }

    #[tokio::test]
    async fn one_that_says_nothing_is_given_up() {
        let silent = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = silent.local_addr().unwrap().port();
        let error = version(Product::named("amqp").unwrap(), &format!("amqp://127.0.0.1:{port}"), &[])
            .await
            .unwrap_err();
        assert!(error.message.ends_with("it does not answer"), "{error}");
    }
}
