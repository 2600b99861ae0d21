import Foundation

/// The members of a JSON object, read strictly: what is unknown or of another type is an error that names it.
struct JSONMembers: NamedValues {
    private let members: [String: Any]

    /// An empty body is an empty object.
    init(_ bytes: some Collection<UInt8>, what: String, allowed: Set<String>) throws(Problem) {
        guard !bytes.isEmpty else {
            members = [:]
            return
        }
        guard let parsed = try? JSONSerialization.jsonObject(with: Data(bytes)) else {
            throw .invalid(what, "The \(what) is not JSON.")
        }
        guard let members = parsed as? [String: Any] else { throw .invalid(what, "The \(what) is not a JSON object.") }
        if let stranger = members.keys.filter({ !allowed.contains($0) }).min() {
            throw .invalid(
                stranger, "Unknown member \"\(stranger)\" (known: \(allowed.sorted().joined(separator: ", "))).")
        }
        // A member that is null is a member that is absent.
        self.members = members.filter { !($0.value is NSNull) }
    }

    func string(_ name: String, maxLength: Int = 200) throws(Problem) -> String? {
        guard let value = members[name] else { return nil }
        guard let text = value as? String, (1...maxLength).contains(text.utf8.count) else {
            throw .invalid(name, "\"\(name)\" must be a string of 1 to \(maxLength) bytes.")
        }
        try Problem.refuseControlCharacters(in: text, name)
        return text
    }

    func int(_ name: String, in range: ClosedRange<Int>) throws(Problem) -> Int? {
        guard let number = try number(name) else { return nil }
        guard let value = Int(exactly: number), range.contains(value) else {
            throw .invalid(name, "\"\(name)\" must be a whole number, \(range.lowerBound) to \(range.upperBound).")
        }
        return value
    }

    func double(_ name: String, in range: ClosedRange<Double>) throws(Problem) -> Double? {
        guard let value = try number(name) else { return nil }
        guard range.contains(value) else {
            throw .invalid(name, "\"\(name)\" must be a number, \(range.lowerBound) to \(range.upperBound).")
        }
        return value
    }

    func doubles(_ name: String) throws(Problem) -> [Double]? {
        guard let value = members[name] else { return nil }
        let list = value as? [Any] ?? []
        let numbers = list.compactMap { ($0 as? NSNumber).flatMap { isBoolean($0) ? nil : $0.doubleValue } }
        guard !list.isEmpty, numbers.count == list.count else {
            throw .invalid(name, "\"\(name)\" must be a list of numbers.")
        }
        return numbers
    }

    func bool(_ name: String) throws(Problem) -> Bool? {
        guard let value = members[name] else { return nil }
        guard let number = value as? NSNumber, isBoolean(number) else {
            throw .invalid(name, "\"\(name)\" must be true or false.")
        }
        return number.boolValue
    }

    func date(_ name: String) throws(Problem) -> Date? {
        guard let text = try string(name) else { return nil }
        guard let date = RFC3339.date(text) else {
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

    private func number(_ name: String) throws(Problem) -> Double? {
        guard let value = members[name] else { return nil }
        guard let number = value as? NSNumber, !isBoolean(number) else {
            throw .invalid(name, "\"\(name)\" must be a number.")
        }
        return number.doubleValue
    }

    /// JSON's `true` arrives as a number.
    private func isBoolean(_ number: NSNumber) -> Bool { String(cString: number.objCType) == "c" }
}
