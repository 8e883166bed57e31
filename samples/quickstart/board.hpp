#pragma once

#include "messages.hpp"

#include <stele/projections.hpp>

namespace workshop {

namespace hana = boost::hana;

// [projection]
struct board {  // a projection: a table made from the events
    static constexpr auto name = "board";
    static constexpr int version = 1;
    static constexpr auto events = hana::tuple_t<RepairOpened, RepairFinished, RepairWentOverdue>;

    static void create(stele::read_model& db) {
        db.execute("CREATE TABLE board (repair TEXT PRIMARY KEY, item TEXT, state TEXT) STRICT");
    }
    static void project(const RepairOpened& e, const stele::recorded_event& at, stele::read_model& db) {
        db.execute("INSERT INTO board VALUES (?1, ?2, 'open')", stele::instance_id_of(at.stream), e.item());
    }
    static void project(const RepairFinished&, const stele::recorded_event& at, stele::read_model& db) {
        db.execute("DELETE FROM board WHERE repair = ?1", stele::instance_id_of(at.stream));
    }
    static void project(const RepairWentOverdue&, const stele::recorded_event& at, stele::read_model& db) {
        db.execute("UPDATE board SET state = 'overdue' WHERE repair = ?1", stele::instance_id_of(at.stream));
    }
};
// [/projection]

}  // namespace workshop
