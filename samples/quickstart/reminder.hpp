#pragma once

#include "messages.hpp"

#include <stele/processes.hpp>

#include <chrono>
#include <string>

namespace workshop {

namespace hana = boost::hana;

struct reminder {  // a process manager: one instance for each repair
    static constexpr auto name = "reminder";
    static constexpr auto events = hana::tuple_t<RepairOpened, RepairFinished>;  // what it reacts to
    static constexpr auto starts = hana::tuple_t<RepairOpened>;                  // what may start an instance
    static constexpr auto commands = hana::tuple_t<MarkOverdue>;                 // what it may send
    using reaction = stele::reaction<reminder>;

    static std::string instance_id(const auto&, const stele::recorded_event& at) {
        return std::string{stele::instance_id_of(at.stream)};
    }

    void evolve(const auto&) {}  // it has nothing to remember

    reaction react(const RepairOpened&, const stele::recorded_event& at) const {
        const std::string repair{stele::instance_id_of(at.stream)};
        return reaction{}.after(std::chrono::days{7}, "overdue", mark_overdue(repair));
    }
    reaction react(const RepairFinished&) const { return reaction{}.end(); }
    reaction react(const stele::rejected<MarkOverdue>&) const { return {}; }
};

}  // namespace workshop
