//! Plain tables that fit the terminal, and the one place where strangers' text is made fit for it.

use postern_vocab::text::one_line;

/// No cell is longer, however wide the terminal: a table of a program's output must end too.
const CELL_CHARS_MAX: usize = 1_000;
/// A column is not cut below this.
const COLUMN_CHARS_MIN: usize = 8;
const GAP: &str = "  ";

/// Rows under titles, aligned.
pub struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<String>>,
}

struct Column {
    title: &'static str,
    /// Whether it may be cut to fit the terminal.
    shrinks: bool,
}

impl Table {
    /// A table with these columns; a title that ends in `~` is one that may be cut.
    pub fn new(titles: &[&'static str]) -> Self {
        let column = |title: &&'static str| match title.strip_suffix('~') {
            Some(title) => Column { title, shrinks: true },
            None => Column {
                title,
                shrinks: false,
            },
        };
        Self {
            columns: titles.iter().map(column).collect(),
            rows: Vec::new(),
        }
    }

    /// One more row: one cell a column.
    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        let clean = |cell: String| one_line(&cell, CELL_CHARS_MAX);
        self.rows.push(cells.into_iter().map(clean).collect());
    }

    /// Whether it has no rows.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The lines, titles first. `width` is the terminal's, or `None` where nothing is to be cut.
    pub fn lines(&self, width: Option<usize>) -> Vec<String> {
        let widths = self.widths(width);
        let titles: Vec<String> = self
            .columns
            .iter()
            .map(|column| column.title.to_owned())
            .collect();
        std::iter::once(&titles)
            .chain(&self.rows)
            .map(|row| aligned(row, &widths))
            .collect()
    }

    fn widths(&self, terminal: Option<usize>) -> Vec<usize> {
        let natural = |(at, column): (usize, &Column)| {
            let cells = self
                .rows
                .iter()
                .filter_map(|row| row.get(at))
                .map(|cell| cell.chars().count());
            cells.chain([column.title.chars().count()]).max().unwrap_or(0)
        };
        let mut widths: Vec<usize> = self.columns.iter().enumerate().map(natural).collect();
        let Some(terminal) = terminal else {
            return widths;
        };
        let gaps = GAP.len() * widths.len().saturating_sub(1);
        while widths.iter().sum::<usize>() + gaps > terminal {
            let cuttable = |at: &usize| self.columns[*at].shrinks && widths[*at] > COLUMN_CHARS_MIN;
            match (0..widths.len()).filter(cuttable).max_by_key(|at| widths[*at]) {
                Some(widest) => widths[widest] -= 1,
                None => break,
            }
        }
        widths
    }
}

fn aligned(row: &[String], widths: &[usize]) -> String {
    let cell = |(text, width): (&String, &usize)| format!("{:<width$}", cut(text, *width), width = *width);
    let cells: Vec<String> = row.iter().zip(widths).map(cell).collect();
    cells.join(GAP).trim_end().to_owned()
}

/// The text in `width` characters, with `…` to say that there is more.
pub fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let mut kept: String = text.chars().take(width.saturating_sub(1)).collect();
    kept.push('…');
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let mut table = Table::new(&["MID", "SUBJECT~", "STATE"]);
        table.row([
            "7".into(),
            "a subject of thirty characters".into(),
            "delivered".into(),
        ]);
        table.row(["1042".into(), "short\r\n\u{1b}[31m".into(), "held".into()]);
        table
    }

    #[test]
    fn columns_align_and_nothing_a_stranger_wrote_moves_the_cursor() {
        let expected = [
            "MID   SUBJECT                         STATE",
            "7     a subject of thirty characters  delivered",
            "1042  short   [31m                    held",
        ];
        assert_eq!(table().lines(None), expected);
    }

    #[test]
    fn only_what_may_be_cut_is_cut_to_fit() {
        let expected = [
            "MID   SUBJECT     STATE",
            "7     a subject…  delivered",
            "1042  short   […  held",
        ];
        assert_eq!(table().lines(Some(27)), expected);
        let narrow = table().lines(Some(1));
        assert_eq!(
            narrow[1], "7     a subje…  delivered",
            "never below what can be read"
        );
    }

    #[test]
    fn an_empty_table_is_its_titles() {
        assert_eq!(Table::new(&["A", "B~"]).lines(Some(80)), ["A  B"]);
    }
}
