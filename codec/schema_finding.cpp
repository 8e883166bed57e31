#include <stele/codec/schema.hpp>

#include <fmt/format.h>

#include <utility>

namespace stele::inline v0 {
namespace {

std::string describe(const schema_finding& finding) {
    switch (finding.stored_as) {
        case stored_as::event: return fmt::format("event {}", finding.type);
        case stored_as::command:
            return fmt::format("command {} in deadlines and journals of the process {}", finding.type, finding.owner);
        case stored_as::snapshot: return fmt::format("snapshot {} of {}", finding.type, finding.owner);
    }
    std::unreachable();
}

constexpr auto unhandled_advice =
    "Projections and processes would pass over these events. If they are an older form of events of today, give the "
    "consumers the upcasters or an alias that say so: `stele::upcast_by<upcasters>(…)`. If something in this program "
    "takes them, name it in record_schemas as well. If they mean nothing to this program, put their types into the "
    "list `ignored` of a consumer or of the upcasters, or into the options: "
    "record_schemas<…>(store, {.ignored = {\"bank.PinPrinted\", \"bank.loans.*\"}}). See docs/changing-events.md.";

}  // namespace

std::string schema_finding::message() const {
    if (version == 0) return fmt::format("{}: {}, and {}", type, recorded, current);
    const auto element = field.empty() ? message_type : fmt::format("{}.{}", message_type, field);
    return fmt::format("{}: was {} ({}, recorded version {}), is {}", element, recorded, describe(*this), version,
                       current);
}

std::string schema_finding::advice() const {
    switch (stored_as) {
        case stele::stored_as::event:
            return version == 0 ? unhandled_advice
                                : "Stored events can no longer be read as they were written. Undo the change, or make "
                                  "it a new message and upcast the old one (docs/changing-events.md).";
        case stele::stored_as::command:
            return "A command that waits in a deadline, or that was rejected, is read by the program of today. Fields "
                   "may be added and renamed, and removed if the number is reserved; they may not be renumbered or "
                   "retyped. Undo the change, or send a new message from now on and keep the old one in the `commands` "
                   "of the process, until no journal holds it any more; then put its name into the list `ignored` of "
                   "the process.";
        case stele::stored_as::snapshot:
            return "Undo the change. Where no stream was truncated, you may instead name a new message as "
                   "`snapshot_type`: snapshots are then made again from the events. Of a truncated stream the snapshot "
                   "is all that is left.";
    }
    std::unreachable();
}

}  // namespace stele::inline v0
