// Writes metrics in the text format that Prometheus reads.
// SPDX-License-Identifier: Apache-2.0

/// A page in the Prometheus text exposition format, version 0.0.4.
struct PrometheusText {
    /// The type a scraper expects of the page.
    static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    /// How a metric behaves over time.
    enum Kind: String {
        case counter
        case gauge
    }

    /// The page so far.
    private(set) var text = ""

    /// Appends one metric without labels.
    mutating func append(_ name: String, _ kind: Kind, _ help: String, _ value: some BinaryInteger)
    {
        append(name, kind, help, label: "", [("", value)])
    }

    /// Appends one metric with a line for each value of one label, in the order given.
    mutating func append(
        _ name: String, _ kind: Kind, _ help: String, label: String,
        _ samples: [(labelValue: String, value: some BinaryInteger)]
    ) {
        text += "# HELP martlet_\(name) \(help)\n# TYPE martlet_\(name) \(kind.rawValue)\n"
        for sample in samples {
            text += "martlet_\(name)"
            if !label.isEmpty { text += "{\(label)=\"\(Self.escaped(sample.labelValue))\"}" }
            text += " \(sample.value)\n"
        }
    }

    private static func escaped(_ value: String) -> String {
        var result = ""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\\": result += "\\\\"
            case "\"": result += "\\\""
            case "\n": result += "\\n"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
