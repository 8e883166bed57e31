#pragma once

#include "messages.hpp"

#include <stele/projections.hpp>

#include <chrono>
#include <ostream>

namespace workshop {

namespace hana = boost::hana;

struct notices {  // a durable subscription: the store keeps how far it has come
    static constexpr auto name = "notices";
    static constexpr auto events = hana::tuple_t<RepairFinished>;

    void on(const RepairFinished& e, const stele::recorded_event& at) const {
        if (at.recorded_at - stele::occurred_at(at) > std::chrono::days{1}) return;  // from the book: they know
        out << "to the owner: repair " << stele::instance_id_of(at.stream) << " is ready, " << e.cents() << " cents\n";
    }

    std::ostream& out;  // a real one has a gateway for text messages here
};

}  // namespace workshop
