//! A small HTTP/1.1 client on one connection, kept open: hyper without a pool, since a client that
//! silently repeats a request would hide what happened to the first.

use std::net::SocketAddr;
use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{CONTENT_TYPE, HOST};
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;

use super::seat::Seat;

/// A connection not made by then is given up: nothing was sent, so the call certainly failed.
pub const CONNECT_WITHIN: Duration = Duration::from_millis(500);

/// A client of one server, from one seat. It connects when first needed, and again after an error.
pub struct Http {
    seat: Seat,
    server: SocketAddr,
    open: Option<SendRequest<Full<Bytes>>>,
}

/// What a server answered.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub body: Bytes,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    #[error("{0}")]
    NotSent(String),
    #[error("{0}")]
    InDoubt(String),
}

impl Http {
    pub fn new(seat: Seat, server: SocketAddr) -> Http {
        Http {
            seat,
            server,
            open: None,
        }
    }

    /// Makes a request with a JSON body, or none if it is empty.
    ///
    /// # Errors
    /// No answer came; whether the request was sent.
    pub async fn ask(
        &mut self,
        method: Method,
        path: &str,
        body: Vec<u8>,
    ) -> Result<Answer, HttpError> {
        let mut sender = self.sender().await?;
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(HOST, self.server.to_string())
            .header(CONTENT_TYPE, "application/json")
            .body(Full::from(body))
            .map_err(|error| HttpError::NotSent(error.to_string()))?;
        let response = sender.send_request(request).await;
        let response = response.map_err(|error| match error.is_canceled() {
            true => HttpError::NotSent(error.to_string()),
            false => HttpError::InDoubt(error.to_string()),
        })?;
        let status = response.status();
        let body = response.into_body().collect().await;
        let body = body.map_err(|error| HttpError::InDoubt(error.to_string()))?;
        self.open = Some(sender);
        Ok(Answer {
            status,
            body: body.to_bytes(),
        })
    }

    /// The open connection, or a new one.
    async fn sender(&mut self) -> Result<SendRequest<Full<Bytes>>, HttpError> {
        if let Some(mut sender) = self.open.take()
            && sender.ready().await.is_ok()
        {
            return Ok(sender);
        }
        let dial = async {
            let stream = self.seat.dial(self.server).await?;
            stream.set_nodelay(true)?;
            Ok::<_, std::io::Error>(stream)
        };
        let stream = match tokio::time::timeout(CONNECT_WITHIN, dial).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => {
                return Err(HttpError::NotSent(format!("cannot connect: {error}")));
            }
            Err(_) => {
                let reason = format!("no connection within {CONNECT_WITHIN:?}");
                return Err(HttpError::NotSent(reason));
            }
        };
        let (sender, connection) = handshake(TokioIo::new(stream))
            .await
            .map_err(|error| HttpError::NotSent(error.to_string()))?;
        // It ends with the sender.
        tokio::spawn(connection);
        Ok(sender)
    }
}
