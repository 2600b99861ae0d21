import Foundation

/// Reads a JSON object member by member, and knows which members nobody asked for.
///
/// `Decodable` ignores what it does not know; a bundle with a misspelt key must not load as if the key were absent.
struct JSONReader {
    struct Failure: Error {
        let message: String
    }

    private let members: [String: Any]
    /// Where this object stands in the document: `input.`, or nothing for the document itself.
    private let path: String
    private let known: Set<String>

    init(document: Data, known: Set<String>) throws {
        let parsed: Any
        do {
            parsed = try JSONSerialization.jsonObject(with: document)
        } catch {
            let reason = (error as NSError).userInfo["NSDebugDescription"] as? String ?? "\(error)"
            throw Failure(message: "is not JSON: \(reason)")
        }
        guard let members = parsed as? [String: Any] else { throw Failure(message: "is not a JSON object") }
        try self.init(members: members, path: "", known: known)
    }

    private init(members: [String: Any], path: String, known: Set<String>) throws {
        self.members = members
        self.path = path
        self.known = known
        if let stranger = members.keys.filter({ !known.contains($0) }).min() {
            throw Failure(
                message: "unknown key \"\(path)\(stranger)\" (known: \(known.sorted().joined(separator: ", ")))")
        }
    }

    func has(_ key: String) -> Bool { members[key] != nil }

    func string(_ key: String) throws -> String {
        guard let text = try value(key) as? String, !text.isEmpty else { throw wrong(key, "a string, not empty") }
        return text
    }

    func integer(_ key: String, in range: ClosedRange<Int>) throws -> Int {
        guard let number = try value(key) as? NSNumber, !isBoolean(number),
            let whole = Int(exactly: number.doubleValue),
            range.contains(whole)
        else { throw wrong(key, "a whole number, \(range.lowerBound) to \(range.upperBound)") }
        return whole
    }

    func floats(_ key: String, count: Int) throws -> [Float] {
        guard let list = try value(key) as? [Any], list.count == count else {
            throw wrong(key, "a list of \(count) numbers")
        }
        return try list.map { item in
            guard let number = item as? NSNumber, !isBoolean(number), number.floatValue.isFinite else {
                throw wrong(key, "a list of \(count) numbers")
            }
            return number.floatValue
        }
    }

    func choice<Value: RawRepresentable & CaseIterable>(_ key: String) throws -> Value where Value.RawValue == String {
        let text = try string(key)
        guard let value = Value(rawValue: text) else {
            let choices = Value.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: ", ")
            throw Failure(message: "\"\(path)\(key)\" is \"\(text)\"; it can be \(choices)")
        }
        return value
    }

    func object(_ key: String, known: Set<String>) throws -> JSONReader {
        guard let inner = try value(key) as? [String: Any] else { throw wrong(key, "an object") }
        return try JSONReader(members: inner, path: "\(path)\(key).", known: known)
    }

    func objects(_ key: String, known: Set<String>) throws -> [JSONReader] {
        guard let list = try value(key) as? [Any] else { throw wrong(key, "a list of objects") }
        return try list.enumerated().map { index, item in
            guard let inner = item as? [String: Any] else { throw wrong("\(key)[\(index)]", "an object") }
            return try JSONReader(members: inner, path: "\(path)\(key)[\(index)].", known: known)
        }
    }

    func wrong(_ key: String, _ expected: String) -> Failure {
        Failure(message: "\"\(path)\(key)\" must be \(expected)")
    }

    private func value(_ key: String) throws -> Any {
        guard let value = members[key] else { throw Failure(message: "\"\(path)\(key)\" is missing") }
        return value
    }

    /// On Linux and macOS alike JSON's `true` arrives as a number.
    private func isBoolean(_ number: NSNumber) -> Bool { String(cString: number.objCType) == "c" }
}
