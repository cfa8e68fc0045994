//! What of a received body leaves with it: all but the octet ranges that are cut out (`Accepted::cuts`).

use std::ops::Range;

/// The ranges of a body of this length that are kept, in order; the last may be empty.
#[must_use]
pub fn kept(length: usize, cuts: &[(u64, u64)]) -> Vec<Range<usize>> {
    let mut ranges = Vec::with_capacity(cuts.len() + 1);
    let mut from = 0;
    for (start, end) in cuts {
        // A cut that does not fit the body is a mistake of ours; leaving text out by it would be a worse one.
        let (Ok(start), Ok(end)) = (usize::try_from(*start), usize::try_from(*end)) else {
            continue;
        };
        if from <= start && start <= end && end <= length {
            ranges.push(from..start);
            from = end;
        }
    }
    ranges.push(from..length);
    ranges
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_cut_out_is_exactly_what_was_to_be() {
        let body = "0123456789";
        let rows: [(&[(u64, u64)], &str); 6] = [
            (&[], "0123456789"),
            (&[(0, 3)], "3456789"),
            (&[(8, 10)], "01234567"),
            (&[(2, 4), (4, 5), (7, 8)], "015689"),
            (&[(0, 10)], ""),
            (&[(5, 3), (2, 99)], "0123456789"),
        ];
        for (cuts, expected) in rows {
            let ranges = kept(body.len(), cuts).into_iter();
            assert_eq!(
                ranges.map(|range| &body[range]).collect::<String>(),
                expected,
                "{cuts:?}"
            );
        }
    }
}
