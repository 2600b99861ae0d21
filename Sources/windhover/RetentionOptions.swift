import ArgumentParser
import Results

/// What a server keeps, and for how long.
struct RetentionOptions: ParsableArguments {
    @Option(help: ArgumentHelp("How long pictures are kept: 30d, 12h, 2w, … or forever.", valueName: "age"))
    var keepPictures = Age(argument: "forever")!

    @Option(
        help: ArgumentHelp("How long rows are kept, and pictures at the most: 365d, … or forever.", valueName: "age"))
    var keepRows = Age(argument: "forever")!

    @Option(
        help: ArgumentHelp(
            "Pictures beyond this size go, the oldest first: 200G, 2T, … or unlimited.", valueName: "size"))
    var maxPictures = ByteCount(argument: "unlimited")!

    @Option(
        help: ArgumentHelp(
            """
            A mission's own rule, such as NAME=pictures:90d,rows:forever,size:50G; what it leaves out is as for all. May \
            be given several times.
            """, valueName: "rule"))
    var keepMission: [MissionRule] = []

    func validate() throws {
        let names = keepMission.map(\.mission)
        guard Set(names).count == names.count else { throw ValidationError("--keep-mission names a mission twice") }
    }

    var policy: RetentionPolicy {
        var policy = RetentionPolicy()
        policy.general = .init(
            keepPictures: keepPictures.seconds, keepRows: keepRows.seconds, maxPictures: maxPictures.bytes)
        for rule in keepMission {
            // Without a size of its own a mission counts within that of all.
            policy.missions[rule.mission] = .init(
                keepPictures: (rule.pictures ?? keepPictures).seconds, keepRows: (rule.rows ?? keepRows).seconds,
                maxPictures: rule.size?.bytes)
        }
        return policy
    }
}

/// `NAME=pictures:AGE,rows:AGE,size:SIZE`, each part once at most.
struct MissionRule: ExpressibleByArgument {
    let mission: String
    private(set) var pictures: Age?
    private(set) var rows: Age?
    private(set) var size: ByteCount?

    init?(argument: String) {
        // The last "=": a mission may be called what it likes.
        guard let split = argument.lastIndex(of: "="), split > argument.startIndex else { return nil }
        mission = String(argument[..<split])
        for part in argument[argument.index(after: split)...].split(separator: ",", omittingEmptySubsequences: false) {
            let pair = part.split(separator: ":", maxSplits: 1).map(String.init)
            guard pair.count == 2 else { return nil }
            switch pair[0] {
            case "pictures" where pictures == nil: pictures = Age(argument: pair[1])
            case "rows" where rows == nil: rows = Age(argument: pair[1])
            case "size" where size == nil: size = ByteCount(argument: pair[1])
            default: return nil
            }
        }
        let given = argument[argument.index(after: split)...].split(separator: ",").count
        guard [pictures != nil, rows != nil, size != nil].filter({ $0 }).count == given else { return nil }
    }
}
