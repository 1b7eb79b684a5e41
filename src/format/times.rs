//! Times as `#{t/p:…}` and `#{t/r:…}` show them.

use crate::sys::time::{local_time, strftime};

/// A time, shortened by its age: the time of day, the day, the day and month, or the month and year.
pub(super) fn pretty_time(secs: i64, now: i64) -> String {
    const DAY: i64 = 24 * 3600;
    let now = now.max(secs);
    let age = now - secs;
    let (today, day) = (local_time(now), local_time(secs));
    let format = if age < DAY {
        "%H:%M"
    } else if (day.tm_year, day.tm_mon) == (today.tm_year, today.tm_mon) || age < 28 * DAY {
        "%a%d"
    } else if (day.tm_year == today.tm_year && day.tm_mon < today.tm_mon)
        || (day.tm_year == today.tm_year - 1 && day.tm_mon > today.tm_mon)
    {
        "%d%b"
    } else {
        "%h%y"
    };
    strftime(format, secs)
}

/// An age in its two largest units, as in `3h20m`; `None` for a time in the future.
pub(super) fn relative_time(age: i64) -> Option<String> {
    let units = [(age / 86400, 'd'), (age % 86400 / 3600, 'h'), (age % 3600 / 60, 'm'), (age % 60, 's')];
    if age <= 0 {
        return (age == 0).then(|| "0s".to_owned());
    }
    let first = units.iter().position(|(count, _)| *count != 0)?;
    let shown = units[first..].iter().take(2).filter(|(count, _)| *count != 0);
    Some(shown.map(|(count, unit)| format!("{count}{unit}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_times_are_short() {
        const DAY: i64 = 24 * 3600;
        // 2015-10-25 09:25:02 UTC.
        let then = 1_445_765_102;
        assert_eq!(pretty_time(then, then + 800 * DAY), "Oct15");
        assert_eq!(pretty_time(then, then + 40 * DAY), "25Oct");
        assert_eq!(pretty_time(then, then + 2 * DAY), "Sun25");
    }
}
