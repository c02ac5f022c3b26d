//! Reading options by their path. Derived conversions would ignore unknown names and echo wrong
//! values, which can be secrets (architecture, "Options").

use std::cell::RefCell;
use std::rc::Rc;

use napi::bindgen_prelude::{
    Array, Env, FromNapiValue as _, Function, JsObjectValue as _, JsValue as _, Object, Uint8Array,
    Unknown,
};
use napi::{Error, JsString, ValueType};
use smart_m2m_core::{Problem, Secret};
use zeroize::Zeroizing;

/// What is longer was never meant to be sent, and would be copied again and again until it is.
const LONGEST_TEXT: usize = 1 << 20;

/// An array can have 2^32 elements without taking any memory.
const MOST_ELEMENTS: u32 = 1000;

/// Problems to report, or an exception that JavaScript threw while something was read.
pub(crate) enum ReadError {
    Problems(Vec<Problem>),
    Exception(Error),
}

impl From<Error> for ReadError {
    fn from(error: Error) -> Self {
        Self::Exception(error)
    }
}

impl From<Problem> for ReadError {
    fn from(problem: Problem) -> Self {
        Self::Problems(vec![problem])
    }
}

pub(crate) type Read<T> = Result<T, ReadError>;

/// The members of one options object. A member that cannot be read counts as not given, and as a
/// problem: whoever reads on is told of all of them at once, by `check`.
pub(crate) struct Fields<'env> {
    /// `''`, or `http.` for the object at `http`.
    prefix: String,
    object: Object<'env>,
    /// Shared with the objects in it.
    problems: Rc<RefCell<Vec<Problem>>>,
}

impl<'env> Fields<'env> {
    /// Refuses anything but an object; members of other names are problems, which name the nearest.
    pub(crate) fn of(value: Unknown<'env>, path: &str, known: &[&str]) -> Read<Self> {
        let problems = Rc::default();
        let fields = Self::sharing(&problems, value, path, known)?;
        fields.ok_or_else(|| ReadError::Problems(problems.take()))
    }

    fn sharing(
        problems: &Rc<RefCell<Vec<Problem>>>,
        value: Unknown<'env>,
        path: &str,
        known: &[&str],
    ) -> napi::Result<Option<Self>> {
        if !is_plain(value)? {
            let what = if path.is_empty() { "options" } else { path };
            let problem = Problem::config(format!("{what}: expected an object"));
            problems.borrow_mut().push(problem);
            return Ok(None);
        }
        let object = Object::from_unknown(value)?;
        let prefix = if path.is_empty() { String::new() } else { format!("{path}.") };
        for name in Object::keys(&object)? {
            if !known.contains(&name.as_str()) && is_given(&object, &name)? {
                problems.borrow_mut().push(unknown_name(&prefix, &name, known));
            }
        }
        Ok(Some(Self { prefix, object, problems: problems.clone() }))
    }

    /// Fails if there has been a problem, here or in an object in it.
    pub(crate) fn check(&self) -> Read<()> {
        let problems = self.problems.take();
        if problems.is_empty() { Ok(()) } else { Err(ReadError::Problems(problems)) }
    }

    /// `undefined` counts as not given.
    fn get(&self, name: &str) -> napi::Result<Option<(Unknown<'env>, ValueType)>> {
        if !is_given(&self.object, name)? {
            return Ok(None);
        }
        let Some(value) = self.object.get::<Unknown<'env>>(name)? else { return Ok(None) };
        let kind = value.get_type()?;
        Ok((kind != ValueType::Undefined).then_some((value, kind)))
    }

    /// Not given, and a problem.
    fn refuse<T>(&self, name: &str, why: &str) -> Option<T> {
        let problem = Problem::config(format!("{}{name}: {why}", self.prefix));
        self.problems.borrow_mut().push(problem);
        None
    }

    /// The object as a whole is a problem.
    pub(crate) fn refuse_all(&self, why: &str) {
        let what = self.prefix.trim_end_matches('.');
        self.problems.borrow_mut().push(Problem::config(format!("{what}: {why}")));
    }

    pub(crate) fn has(&self, name: &str) -> napi::Result<bool> {
        Ok(self.get(name)?.is_some())
    }

    pub(crate) fn string(&self, name: &str) -> napi::Result<Option<String>> {
        match self.get(name)? {
            None => Ok(None),
            Some((value, ValueType::String)) => self.text(name, value),
            Some(_) => Ok(self.refuse(name, "expected a string")),
        }
    }

    /// UTF-8 has no unpaired surrogates; the conversion puts U+FFFD in their place, and what goes
    /// out would not be what was meant.
    fn text(&self, name: &str, value: Unknown<'_>) -> napi::Result<Option<String>> {
        if is_too_long(value)? {
            return Ok(self.refuse(name, "longer than 1 MiB"));
        }
        let text = String::from_unknown(value)?;
        if text.contains(char::REPLACEMENT_CHARACTER) {
            return Ok(
                self.refuse(name, "the text is damaged: it has an unpaired surrogate or U+FFFD")
            );
        }
        Ok(Some(text))
    }

    pub(crate) fn secret(&self, name: &str) -> napi::Result<Option<Secret>> {
        Ok(self.string(name)?.map(Secret::new))
    }

    /// Outer: given or not. Inner: `null`.
    #[expect(clippy::option_option, reason = "not given, null and a string are three things")]
    pub(crate) fn string_or_null(&self, name: &str) -> napi::Result<Option<Option<String>>> {
        match self.get(name)? {
            None => Ok(None),
            Some((_, ValueType::Null)) => Ok(Some(None)),
            Some((value, ValueType::String)) => Ok(self.text(name, value)?.map(Some)),
            Some(_) => Ok(self.refuse(name, "expected a string or null")),
        }
    }

    pub(crate) fn boolean(&self, name: &str) -> napi::Result<Option<bool>> {
        match self.get(name)? {
            None => Ok(None),
            Some((value, ValueType::Boolean)) => Ok(Some(bool::from_unknown(value)?)),
            Some(_) => Ok(self.refuse(name, "expected true or false")),
        }
    }

    pub(crate) fn number(&self, name: &str) -> napi::Result<Option<f64>> {
        match self.get(name)? {
            None => Ok(None),
            Some((value, ValueType::Number)) => Ok(Some(f64::from_unknown(value)?)),
            Some(_) => Ok(self.refuse(name, "expected a number")),
        }
    }

    /// One of a few strings; the value itself is not echoed.
    pub(crate) fn choice<T: Copy>(
        &self,
        name: &str,
        choices: &[(&str, T)],
    ) -> napi::Result<Option<T>> {
        let Some(given) = self.string(name)? else { return Ok(None) };
        if let Some((_, choice)) = choices.iter().find(|(name, _)| *name == given) {
            return Ok(Some(*choice));
        }
        let names: Vec<_> = choices.iter().map(|(name, _)| format!("'{name}'")).collect();
        Ok(self.refuse(name, &format!("expected {}", names.join(" or "))))
    }

    /// Any of a few strings, as an array.
    pub(crate) fn choices<T: Copy>(
        &self,
        name: &str,
        choices: &[(&str, T)],
    ) -> napi::Result<Option<Vec<T>>> {
        let Some(given) = self.strings(name)? else { return Ok(None) };
        let mut chosen = Vec::new();
        for given in given {
            let Some((_, choice)) = choices.iter().find(|(name, _)| *name == given) else {
                let names: Vec<_> = choices.iter().map(|(name, _)| format!("'{name}'")).collect();
                return Ok(self.refuse(name, &format!("expected an array of {}", names.join(", "))));
            };
            chosen.push(*choice);
        }
        Ok(Some(chosen))
    }

    pub(crate) fn object(&self, name: &str, known: &[&str]) -> napi::Result<Option<Fields<'env>>> {
        let path = format!("{}{name}", self.prefix);
        let Some((value, _)) = self.get(name)? else { return Ok(None) };
        Self::sharing(&self.problems, value, &path, known)
    }

    pub(crate) fn strings(&self, name: &str) -> napi::Result<Option<Vec<String>>> {
        let Some(items) = self.array(name)? else { return Ok(None) };
        let mut strings = Vec::new();
        for (index, item) in items.into_iter().enumerate() {
            if item.get_type()? != ValueType::String {
                return Ok(self.refuse(&format!("{name}[{index}]"), "expected a string"));
            }
            let Some(text) = self.text(&format!("{name}[{index}]"), item)? else { return Ok(None) };
            strings.push(text);
        }
        Ok(Some(strings))
    }

    /// `[name, value]` pairs, as `lib/` hands them over.
    pub(crate) fn pairs(&self, name: &str) -> napi::Result<Option<Vec<(String, Secret)>>> {
        let Some(items) = self.array(name)? else { return Ok(None) };
        let mut pairs = Vec::new();
        for (index, item) in items.into_iter().enumerate() {
            let pair = Array::from_unknown(item)?;
            let (Some(left), Some(right)) =
                (pair.get::<Unknown<'_>>(0)?, pair.get::<Unknown<'_>>(1)?)
            else {
                return Ok(self.refuse(&format!("{name}[{index}]"), "expected a name and a value"));
            };
            if left.get_type()? != ValueType::String || right.get_type()? != ValueType::String {
                return Ok(self.refuse(&format!("{name}[{index}]"), "name and value are strings"));
            }
            let path = format!("{name}[{index}]");
            let (Some(left), Some(right)) = (self.text(&path, left)?, self.text(&path, right)?)
            else {
                return Ok(None);
            };
            pairs.push((left, Secret::new(right)));
        }
        Ok(Some(pairs))
    }

    /// Text or bytes.
    pub(crate) fn bytes(&self, name: &str) -> napi::Result<Option<Vec<u8>>> {
        let Some((value, _)) = self.get(name)? else { return Ok(None) };
        match bytes(value)? {
            Some(bytes) => Ok(Some(bytes)),
            None => Ok(self.refuse(name, "expected a string or a Uint8Array")),
        }
    }

    /// Text, or its UTF-8 bytes (KF-6).
    pub(crate) fn passphrase(&self, name: &str) -> napi::Result<Option<Secret>> {
        let Some(bytes) = self.bytes(name)? else { return Ok(None) };
        if bytes.len() > LONGEST_TEXT {
            drop(Zeroizing::new(bytes));
            return Ok(self.refuse(name, "longer than 1 MiB"));
        }
        match String::from_utf8(bytes) {
            Ok(text) => Ok(Some(Secret::new(text))),
            Err(error) => {
                drop(Zeroizing::new(error.into_bytes()));
                Ok(self.refuse(name, "not UTF-8"))
            }
        }
    }

    /// Text or bytes, or an array of them.
    pub(crate) fn list_of_bytes(&self, name: &str) -> napi::Result<Option<Vec<Vec<u8>>>> {
        let Some((value, _)) = self.get(name)? else { return Ok(None) };
        if let Some(one) = bytes(value)? {
            return Ok(Some(vec![one]));
        }
        let Some(items) = self.array(name)? else { return Ok(None) };
        let mut list = Vec::new();
        for (index, item) in items.into_iter().enumerate() {
            match bytes(item)? {
                Some(bytes) => list.push(bytes),
                None => {
                    return Ok(self
                        .refuse(&format!("{name}[{index}]"), "expected a string or a Uint8Array"));
                }
            }
        }
        Ok(Some(list))
    }

    fn array(&self, name: &str) -> napi::Result<Option<Vec<Unknown<'env>>>> {
        let Some((value, _)) = self.get(name)? else { return Ok(None) };
        let Ok(array) = Array::from_unknown(value) else {
            return Ok(self.refuse(name, "expected an array"));
        };
        if array.len() > MOST_ELEMENTS {
            return Ok(self.refuse(name, &format!("more than {MOST_ELEMENTS} elements")));
        }
        let items = (0..array.len()).filter_map(|index| array.get(index).transpose());
        Ok(Some(items.collect::<napi::Result<_>>()?))
    }
}

/// True where the object or its class has the member. What every object inherits was not given:
/// libraries put things there, and attackers.
pub(crate) fn is_given(object: &Object<'_>, name: &str) -> napi::Result<bool> {
    const LONGEST_CHAIN: usize = 64;
    if object.has_own_property(name)? {
        return Ok(true);
    }
    let mut current = object.get_prototype()?;
    for _ in 0..LONGEST_CHAIN {
        if !matches!(current.get_type()?, ValueType::Object | ValueType::Function) {
            break;
        }
        let prototype = Object::from_unknown(current)?;
        let next = prototype.get_prototype()?;
        if next.get_type()? == ValueType::Null {
            break;
        }
        if prototype.has_own_property(name)? {
            return Ok(true);
        }
        current = next;
    }
    Ok(false)
}

/// An object, and no array, function, boxed primitive, `Date` or collection: options in one of those
/// would not be seen.
fn is_plain(value: Unknown<'_>) -> napi::Result<bool> {
    const OTHERS: [&str; 11] = [
        "[object Array]",
        "[object Number]",
        "[object String]",
        "[object Boolean]",
        "[object BigInt]",
        "[object Symbol]",
        "[object Date]",
        "[object RegExp]",
        "[object Map]",
        "[object Set]",
        "[object Promise]",
    ];
    if value.get_type()? != ValueType::Object || Array::from_unknown(value).is_ok() {
        return Ok(false);
    }
    let global = Env::from_raw(value.value().env).get_global()?;
    // A constructor is a function, and as good as an object here.
    let constructor = Object::from_unknown(global.get_named_property("Object")?)?;
    let prototype: Object<'_> = constructor.get_named_property("prototype")?;
    let to_string: Function<'_, (), String> = prototype.get_named_property("toString")?;
    Ok(!OTHERS.contains(&to_string.apply(value, ())?.as_str()))
}

/// In UTF-16, which is known without a copy.
fn is_too_long(text: Unknown<'_>) -> napi::Result<bool> {
    Ok(JsString::from_unknown(text)?.utf16_len()? > LONGEST_TEXT)
}

fn bytes(value: Unknown<'_>) -> napi::Result<Option<Vec<u8>>> {
    match value.get_type()? {
        ValueType::String => Ok(Some(String::from_unknown(value)?.into_bytes())),
        ValueType::Object => Ok(Uint8Array::from_unknown(value).ok().map(|bytes| bytes.to_vec())),
        _ => Ok(None),
    }
}

/// The name can be a value that landed in the wrong place: it is shown only if it looks like a name.
fn unknown_name(prefix: &str, name: &str, known: &[&str]) -> Problem {
    const LONGEST_NAME: usize = 40;
    let looks_like_a_name = name.len() <= LONGEST_NAME
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    if !looks_like_a_name {
        return Problem::config(format!(
            "{prefix}…: unknown option; known are {}",
            known.join(", ")
        ));
    }
    let nearest = known
        .iter()
        .map(|other| (distance(&name.to_lowercase(), &other.to_lowercase()), other))
        .min_by_key(|(distance, _)| *distance)
        .filter(|(distance, other)| *distance <= other.len() / 2);
    Problem::config(match nearest {
        Some((_, other)) => {
            format!("{prefix}{name}: unknown option; did you mean {prefix}{other}?")
        }
        None => format!("{prefix}{name}: unknown option; known are {}", known.join(", ")),
    })
}

/// In edits; a name that is part of the other, as `secret` is of `clientSecret`, is one away.
fn distance(name: &str, other: &str) -> usize {
    const SHORTEST_PART: usize = 4;
    if name.len() >= SHORTEST_PART && other.contains(name) && name != other {
        return 1;
    }
    strsim::damerau_levenshtein(name, other)
}
