#pragma once

#include "messages.hpp"

#include <stele/aggregates.hpp>
#include <stele/codec.hpp>

#include <string>
#include <string_view>

namespace workshop {

namespace hana = boost::hana;

// [aggregate]
struct repair {                                 // an aggregate: rules, and the state they need
    static constexpr auto category = "repair";  // repair 17 is the stream "repair-17"
    static constexpr auto events = hana::tuple_t<RepairOpened, RepairFinished, RepairWentOverdue>;
    static constexpr auto commands = hana::tuple_t<OpenRepair, FinishRepair, MarkOverdue>;
    static std::string_view instance_id(const auto& command) { return command.repair(); }

    std::string item;
    bool open = false;

    stele::decision<repair> decide(const OpenRepair& c) const {
        if (c.item().empty()) return stele::reject("no_item", "say which item to repair");
        if (!item.empty()) return stele::reject("number_taken", "{} is the number of a {}", c.repair(), item);
        return stele::accept(stele::make_from<RepairOpened>(c));
    }
    stele::decision<repair> decide(const FinishRepair& c) const {
        if (!open) return stele::reject("not_open", "repair {} is not open", c.repair());
        return stele::accept(stele::make_from<RepairFinished>(c));
    }
    stele::decision<repair> decide(const MarkOverdue&) const {
        if (!open) return stele::no_change();
        return stele::accept(RepairWentOverdue{});
    }

    void evolve(const RepairOpened& e) { item = e.item(), open = true; }
    void evolve(const RepairFinished&) { open = false; }
    void evolve(const RepairWentOverdue&) {}
};
// [/aggregate]

}  // namespace workshop
