// Tables and values as people read them in a terminal.
// SPDX-License-Identifier: Apache-2.0

/// Columns under their titles, as wide as they need to be.
struct TextTable {
    /// One column.
    struct Column {
        var title: String
        /// Whether its values are numbers, which stand under each other by their last digits.
        var isNumber = false
    }

    private let columns: [Column]
    private var rows: [[String]] = []

    /// An empty table.
    init(_ columns: [Column]) { self.columns = columns }

    /// Adds a row of as many values as there are columns.
    mutating func add(_ values: [String]) {
        precondition(values.count == columns.count)
        rows.append(values.map { printable($0) })
    }

    /// The table, without blanks at the ends of its lines.
    var text: String {
        let all = [columns.map(\.title)] + rows
        let widths = columns.indices.map { column in all.map { $0[column].count }.max() ?? 0 }
        return all.map { row in
            var line = ""
            for (index, value) in row.enumerated() {
                let blanks = String(repeating: " ", count: widths[index] - value.count)
                line += columns[index].isNumber ? blanks + value : value + blanks
                line += "  "
            }
            while line.last == " " { line.removeLast() }
            return line
        }.joined(separator: "\n")
    }
}

/// Text as it may be shown: what would steer the terminal, or hide in it, is shown as a question mark. Names and
/// texts in rooms are other people's.
func printable(_ text: String) -> String {
    var shown = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
        switch scalar.properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator,
            .paragraphSeparator:
            shown.append("?")
        default: shown.append(scalar)
        }
    }
    return String(shown)
}

/// A length of time in its two largest units, the second left out if it is nought: `3m12s`, `2h`.
func shortDuration(_ seconds: Int64) -> String {
    func text(_ count: Int64, _ unit: String, _ rest: Int64, _ restUnit: String) -> String {
        "\(count)\(unit)" + (rest == 0 ? "" : "\(rest)\(restUnit)")
    }
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400)
    if days > 0 { return text(days, "d", hours % 24, "h") }
    if hours > 0 { return text(hours, "h", minutes % 60, "m") }
    if minutes > 0 { return text(minutes, "m", seconds % 60, "s") }
    return "\(seconds)s"
}

/// JSON as it may be shown: the few characters that steer a terminal and may stand in JSON as they are become
/// escapes. They can only be in strings.
func printableJSON(_ bytes: [UInt8]) -> String {
    var shown = ""
    for scalar in String(decoding: bytes, as: UTF8.self).unicodeScalars {
        if scalar.value == 0x7F || (0x80...0x9F).contains(scalar.value) {
            shown += "\\u00\(String(scalar.value, radix: 16))"
        } else {
            shown.unicodeScalars.append(scalar)
        }
    }
    return shown
}
