#include "quickstart.pb.h"  // commands Receive, Ship {item, pieces}; events Received, Shipped {pieces}

#include <stele/stele.hpp>

namespace hana = boost::hana;
using namespace quickstart;

template <class Message>
Message make(std::int64_t pieces, const auto&... item) {
    Message message;
    (message.set_item(item), ...);
    message.set_pieces(pieces);
    return message;
}

struct stock {  // an aggregate: rules, and the state that they need
    static constexpr auto category = "stock";
    static constexpr auto events = hana::tuple_t<Received, Shipped>;
    static constexpr auto commands = hana::tuple_t<Receive, Ship>;
    static std::string_view instance_id(const auto& command) { return command.item(); }

    std::int64_t pieces = 0;

    stele::decision<stock> decide(const Receive& c) const { return stele::accept(make<Received>(c.pieces())); }
    stele::decision<stock> decide(const Ship& c) const {
        if (c.pieces() > pieces) return stele::reject("out_of_stock", "asked {}, there are {}", c.pieces(), pieces);
        return stele::accept(make<Shipped>(c.pieces()));
    }
    void evolve(const Received& e) { pieces += e.pieces(); }
    void evolve(const Shipped& e) { pieces -= e.pieces(); }
};

struct shelf {  // a projection: a table that follows from the events
    static constexpr auto name = "shelf";
    static constexpr int version = 1;
    static constexpr auto events = hana::tuple_t<Received, Shipped>;
    static void create(stele::read_model& db) { db.execute("CREATE TABLE shelf (item TEXT PRIMARY KEY, pieces INT)"); }
    static void project(const auto& e, const stele::recorded_event& at, stele::read_model& db) {
        const auto change = at.type == "quickstart.Shipped" ? -e.pieces() : e.pieces();
        db.execute("INSERT INTO shelf VALUES (?1, ?2) ON CONFLICT DO UPDATE SET pieces = pieces + ?2",
                   stele::instance_id_of(at.stream), change);
    }
};

int main() {
    auto store = stele::sqlite_store::open("stock.db");
    stele::command_bus<stock> bus{store};
    for (const auto& result : {bus.send(make<Receive>(5, "lamp")), bus.send(make<Ship>(9, "lamp"))})
        std::puts(result ? "done" : result.error().message().c_str());
    stele::projection_runner runner{store, "stock.read"};
    runner.add<shelf>();
    runner.catch_up();
    auto db = stele::read_model::open_read_only("stock.read/shelf.db");
    for (auto [item, pieces] : db.query<std::string, std::int64_t>("SELECT item, pieces FROM shelf"))
        std::printf("%s: %d on the shelf\n", item.c_str(), static_cast<int>(pieces));
}
