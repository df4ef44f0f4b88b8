//! Reads the part of a URL after the question mark. A `+` in it is a plus and not a space: ids may contain a plus and
//! never a space.

use std::fmt;
use std::str::FromStr;

/// The parameters of a request, decoded.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Query(Vec<(String, String)>);

/// What is wrong with a parameter, as a sentence for people.
#[derive(Debug, PartialEq, Eq)]
pub struct Wrong(pub String);

impl Query {
    /// Reads the parameters; only these names may occur, each at most once.
    pub fn read(text: Option<&str>, names: &[&str]) -> Result<Self, Wrong> {
        let mut found: Vec<(String, String)> = Vec::new();
        for pair in text.unwrap_or_default().split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (name, value) = (decode(name)?, decode(value)?);
            if !names.contains(&name.as_str()) {
                return Err(Wrong(format!("there is no parameter `{name}`, only {}", names.join(", "))));
            }
            if found.iter().any(|(known, _)| *known == name) {
                return Err(Wrong(format!("`{name}` is given twice")));
            }
            found.push((name, value));
        }
        Ok(Self(found))
    }

    /// The text of a parameter. A parameter that is given but empty is an error.
    pub fn text(&self, name: &str) -> Result<Option<&str>, Wrong> {
        match self.0.iter().find(|(known, _)| known == name) {
            Some((_, value)) if value.is_empty() => Err(Wrong(format!("`{name}` is empty"))),
            Some((_, value)) => Ok(Some(value)),
            None => Ok(None),
        }
    }

    /// The number in a parameter, which must be within these bounds.
    pub fn number<T: FromStr + PartialOrd + fmt::Display + Copy>(
        &self,
        name: &str,
        least: T,
        most: T,
    ) -> Result<Option<T>, Wrong> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        match text.parse() {
            Ok(number) if least <= number && number <= most => Ok(Some(number)),
            _ => Err(Wrong(format!("`{name}` is a number from {least} to {most}"))),
        }
    }
}

/// Decodes percent signs, as in `%41` for `A`. The error says that the text is not percent-encoded UTF-8.
pub fn decode(text: &str) -> Result<String, Wrong> {
    let wrong = || Wrong(format!("`{text}` is not percent-encoded UTF-8"));
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        if *first != b'%' {
            bytes.push(*first);
            rest = after;
            continue;
        }
        let (digits, after) = after.split_at_checked(2).ok_or_else(wrong)?;
        let digits = std::str::from_utf8(digits).map_err(|_| wrong())?;
        // `from_str_radix` would accept a sign as well.
        if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(wrong());
        }
        bytes.push(u8::from_str_radix(digits, 16).map_err(|_| wrong())?);
        rest = after;
    }
    String::from_utf8(bytes).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_decoded_and_known() {
        let query = Query::read(Some("after=a%2Fb+c%20%C3%BC&limit=7"), &["after", "limit"]).unwrap();
        assert_eq!(query.text("after"), Ok(Some("a/b+c ü")));
        assert_eq!(query.number("limit", 1, 1000), Ok(Some(7)));
        assert_eq!(query.text("before"), Ok(None));
        assert_eq!(Query::read(None, &[]), Ok(Query::default()));
    }

    #[test]
    fn nonsense_is_named() {
        let wrong = |text| Query::read(Some(text), &["limit"]).unwrap_err().0;
        assert_eq!(wrong("limits=1"), "there is no parameter `limits`, only limit");
        assert_eq!(wrong("limit=1&limit=2"), "`limit` is given twice");
        for text in ["limit=%", "limit=%4", "limit=%+1", "limit=%zz", "limit=%ff", "limit=%é"] {
            assert!(wrong(text).ends_with("is not percent-encoded UTF-8"), "{text}");
        }
        for text in ["limit=", "limit", "limit=0", "limit=1001", "limit=-1", "limit=x", "limit=1.5"] {
            assert!(Query::read(Some(text), &["limit"]).unwrap().number("limit", 1, 1000).is_err(), "{text}");
        }
    }
}
