import Foundation
import Hummingbird

/// A request's query, read strictly: what is unknown, repeated or malformed is an error that names it.
struct QueryParameters: NamedValues {
    private let values: [String: String]

    init(_ request: Request, allowed: Set<String>) throws(Problem) {
        var values: [String: String] = [:]
        for pair in (request.uri.query ?? "").split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = Self.decoded(parts[0]), let value = parts.count > 1 ? Self.decoded(parts[1]) : "" else {
                throw .invalid(String(parts[0]), "The query is not percent-encoded UTF-8.")
            }
            guard allowed.contains(name) else {
                let known = allowed.isEmpty ? "there are none here" : allowed.sorted().joined(separator: ", ")
                throw .invalid(name, "Unknown query parameter \"\(name)\" (known: \(known)).")
            }
            guard values.updateValue(value, forKey: name) == nil else {
                throw .invalid(name, "The query parameter \"\(name)\" stands twice.")
            }
        }
        self.values = values
    }

    private static func decoded(_ text: Substring) -> String? {
        text.replacing("+", with: " ").removingPercentEncoding
    }

    func string(_ name: String) throws(Problem) -> String? {
        guard let value = values[name] else { return nil }
        guard !value.isEmpty else { throw .invalid(name, "\"\(name)\" is empty.") }
        try Problem.refuseControlCharacters(in: value, name)
        return value
    }

    func int(_ name: String, in range: ClosedRange<Int>) throws(Problem) -> Int? {
        guard let text = try string(name) else { return nil }
        guard let value = Int(text), range.contains(value) else {
            throw .invalid(name, "\"\(name)\" must be a whole number, \(range.lowerBound) to \(range.upperBound).")
        }
        return value
    }

    func double(_ name: String, in range: ClosedRange<Double>) throws(Problem) -> Double? {
        guard let text = try string(name) else { return nil }
        guard let value = Double(text), range.contains(value) else {
            throw .invalid(name, "\"\(name)\" must be a number, \(range.lowerBound) to \(range.upperBound).")
        }
        return value
    }

    func bool(_ name: String) throws(Problem) -> Bool? {
        guard let text = try string(name) else { return nil }
        guard let value = Bool(text) else { throw .invalid(name, "\"\(name)\" must be true or false.") }
        return value
    }

    func date(_ name: String) throws(Problem) -> Date? {
        guard let text = try string(name) else { return nil }
        // A "+" of an offset that was not percent-encoded has become a space.
        guard let date = RFC3339.date(text.replacing(" ", with: "+")) else {
            throw .invalid(name, "\"\(name)\" must be a time like 2026-05-04T12:00:00.25Z (RFC 3339).")
        }
        return date
    }

    func choice<Value: RawRepresentable & CaseIterable>(_ name: String) throws(Problem) -> Value?
    where Value.RawValue == String {
        guard let text = try string(name) else { return nil }
        guard let value = Value(rawValue: text) else {
            let choices = Value.allCases.map(\.rawValue).joined(separator: ", ")
            throw .invalid(name, "\"\(name)\" is \"\(text)\"; it can be \(choices).")
        }
        return value
    }

    /// Comma-separated names; empty where the parameter is not given.
    func list(_ name: String) throws(Problem) -> [String] {
        guard let text = try string(name) else { return [] }
        let names = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        guard names.allSatisfy({ !$0.isEmpty }) else {
            throw .invalid(name, "\"\(name)\" has an empty place between its commas.")
        }
        guard names.count <= 100 else { throw .invalid(name, "\"\(name)\" takes at most 100 names.") }
        guard Set(names).count == names.count else { throw .invalid(name, "\"\(name)\" names something twice.") }
        return names
    }

    /// Comma-separated names out of those that there are.
    func choices<Value: RawRepresentable & CaseIterable>(_ name: String) throws(Problem) -> [Value]
    where Value.RawValue == String {
        var values: [Value] = []
        for text in try list(name) {
            guard let value = Value(rawValue: text) else {
                let choices = Value.allCases.map(\.rawValue).joined(separator: ", ")
                throw .invalid(name, "\"\(name)\" has \"\(text)\"; it can have \(choices).")
            }
            values.append(value)
        }
        return values
    }

    /// Comma-separated numbers.
    func doubles(_ name: String, in range: ClosedRange<Double>) throws(Problem) -> [Double] {
        guard let text = try string(name) else { return [] }
        var values: [Double] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            guard let value = Double(part), range.contains(value) else {
                throw .invalid(
                    name, "\"\(name)\" has \"\(part)\"; it takes numbers, \(range.lowerBound) to \(range.upperBound).")
            }
            values.append(value)
        }
        return values
    }

    var names: Set<String> { Set(values.keys) }
}
