import ArgumentParser
import Evaluation
import Foundation
import Imaging

struct EvaluateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "evaluate",
        abstract: "Measure masks: mIoU against labels, and temporal consistency.",
        discussion: """
            Takes a folder of consecutive frames in natural order, and a mask for each: made here by a model, once frame \
            by frame ("image") and once as a session of the service would ("ssp", frames a tenth of a second apart); \
            or read from a folder (--masks, as "windhover send --masks" saves them); or from a server (--session).

            mIoU is the mean of the classes that the labels have, in one confusion matrix over all labelled frames. TC, \
            temporal consistency, is the mean over frames of the mIoU between the mask of a frame and that of the next, \
            warped back by optical flow; it needs no labels. All in percent.

            Labels and masks are PNG whose pixel values are class indices, and belong to the frame of the same name but \
            for the ending. 255 in labels is ignored. A folder of "windhover simulate --out" is taken as it is.
            """)

    @Argument(help: "A folder of .jpg or .png files, or one with frames/ in it.")
    var frames: String

    @Option(help: "Folder of labels, for all frames or some (default: labels/ in the folder, if there is one).")
    var labels: String?

    @Option(help: "Measure the masks of this folder.")
    var masks: String?

    @Option(help: "Measure the masks of this session, to which exactly these frames were sent.")
    var session: String?

    @Option(help: "Write all figures to this file, too, as JSON.")
    var json: String?

    @Flag(help: "Show the figures of each frame as well.")
    var perFrame = false

    @OptionGroup(title: "Masks of a model") var model: EvaluateModel
    @OptionGroup(title: "Masks of a session") var client: ClientOptions

    func validate() throws {
        if masks != nil, session != nil { throw ValidationError("--masks and --session are two sources of masks") }
        if masks != nil || session != nil, model.isChosen {
            throw ValidationError(
                "--model, --models, --registration and --precision are for masks made here, not --masks or --session")
        }
        if session == nil, client.server != nil || client.apiKey != nil {
            throw ValidationError("--server and --api-key are for --session")
        }
    }

    func run() async throws {
        let folder = try EvaluateFolder(
            URL(fileURLWithPath: frames), labels: labels.map { URL(fileURLWithPath: $0) })
        let report: EvaluateReport
        if let masks {
            report = try await measure(folder, FolderMasks(URL(fileURLWithPath: masks), of: folder))
        } else if let session {
            report = try await client.explaining {
                try await measure(folder, SessionMasks(client.makeClient(), session: session, of: folder))
            }
        } else {
            report = try await model.withMasks { try await measure(folder, $0) }
        }
        report.lines(perFrame: perFrame).forEach(Terminal.print)
        if let json { try report.json(perFrame: perFrame).write(to: URL(fileURLWithPath: json)) }
    }

    private func measure(_ folder: EvaluateFolder, _ source: some EvaluateMasks) async throws -> EvaluateReport {
        var report = EvaluateReport(folder: frames, rows: source.names)
        var bar = ProgressBar(total: folder.frames.files.count)
        defer { bar.finish() }
        var previous: GreyMap?
        for index in folder.frames.files.indices {
            let frame = try folder.frame(index)
            let masks = try await source.masks(of: frame)
            let truth = try folder.truth(of: frame, for: masks[0])
            // A model's masks and a session's are of the frame's size; others may be of a network's.
            let size = masks[0].labels
            let grey = frame.picture.resized(width: size.width, height: size.height).luminance()
            report.add(frame.name, masks, truth: truth?.labels, flow: try flow(from: previous, to: grey, frame.name))
            previous = grey
            bar.update(done: index + 1, note: frame.name)
        }
        return report
    }

    /// The flow from the previous frame; nil for the first one, and where the size changes, as a session begins anew.
    private func flow(from previous: GreyMap?, to grey: GreyMap, _ name: String) throws -> OpticalFlow? {
        guard let previous, (previous.width, previous.height) == (grey.width, grey.height) else { return nil }
        guard let flow = OpticalFlow(from: previous, to: grey) else {
            throw Failure("\(name): \(grey.width)×\(grey.height) pixels are too few for optical flow")
        }
        return flow
    }
}
