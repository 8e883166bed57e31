#pragma once

#include "workshop.pb.h"

#include <cstdint>
#include <string>

// Protobuf messages have setters but no constructors. These functions keep the other files short.
namespace workshop {

// [open_repair]
inline OpenRepair open_repair(const std::string& repair, const std::string& item) {
    OpenRepair command;
    command.set_repair(repair);
    command.set_item(item);
    return command;
}
// [/open_repair]

inline FinishRepair finish_repair(const std::string& repair, std::int64_t cents) {
    FinishRepair command;
    command.set_repair(repair);
    command.set_cents(cents);
    return command;
}

inline MarkOverdue mark_overdue(const std::string& repair) {
    MarkOverdue command;
    command.set_repair(repair);
    return command;
}

inline RepairOpened repair_opened(const std::string& item) {
    RepairOpened event;
    event.set_item(item);
    return event;
}

inline RepairFinished repair_finished(std::int64_t cents) {
    RepairFinished event;
    event.set_cents(cents);
    return event;
}

}  // namespace workshop
