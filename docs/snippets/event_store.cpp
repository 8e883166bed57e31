// What docs/event-store.md shows.

#include <stele/eventstore.hpp>
#include <stele/eventstore/format.hpp>
#include <stele/sqlite.hpp>

#include <fmt/format.h>

#include <chrono>
#include <future>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using stele::expected_version;

namespace {

// [event]
stele::event_data event(std::string type, std::string payload) {
    return {.type = std::move(type), .payload = std::move(payload)};  // and a new id
}
// [/event]

void append_one(stele::event_store& store) {
    // [append]
    const stele::stream_id order{"order-7"};
    const auto placed = store.append(order, expected_version::no_stream(), event("shop.OrderPlaced", "lamp x 5"));
    if (placed)
        fmt::print("version {}, position {}\n", placed->version, placed->position);
    else
        fmt::print("{}\n", placed.error().message());
    // [/append]

    // [conflict]
    const auto again = store.append(order, expected_version::no_stream(), event("shop.OrderPlaced", "lamp x 5"));
    if (!again) fmt::print("{}\n", again.error().message());
    // [/conflict]
}

// [decide]
stele::append_outcome cancel(stele::event_store& store, const stele::stream_id& order) {
    for (int attempt = 0;; ++attempt) {
        const auto seen = store.stream_version(order);
        // … read the stream up to here, and decide …
        auto done = store.append(order, expected_version::exactly(seen), event("shop.OrderCancelled", ""));
        if (done || attempt == 10) return done;
    }
}
// [/decide]

void repeat(stele::event_store& store) {
    // [repeat]
    const std::vector paid{event("shop.OrderPaid", "EUR 40"), event("shop.ReceiptSent", "")};
    const stele::stream_id order{"order-8"};
    const auto first = store.append(order, expected_version::no_stream(), paid);
    const auto second = store.append(order, expected_version::no_stream(), paid);  // the same ids
    if (first && second && second->repeated && second->position == first->position) fmt::print("stored once\n");
    // [/repeat]
}

void append_to_several(stele::event_store& store) {
    // [several]
    const std::vector taken{event("shop.StockTaken", "5")};
    const std::vector reserved{event("shop.OrderReserved", "")};
    const std::vector<stele::stream_write> writes{
        {stele::stream_id{"stock-lamp"}, expected_version::any(), taken},
        {stele::stream_id{"order-7"}, expected_version::stream_exists(), reserved},
    };
    if (const auto done = store.append(writes); !done) fmt::print("{}\n", done.error().message());
    // [/several]

    // [documents]
    const std::vector<stele::document_write> beside{
        {.kind = "shop.cursor", .key = "warehouse feed", .value = "page 17"},
    };
    const std::vector arrived{event("shop.StockArrived", "20")};
    const std::vector<stele::stream_write> arrival{{stele::stream_id{"stock-lamp"}, expected_version::any(), arrived}};
    if (!store.append(arrival, beside)) fmt::print("a conflict\n");
    if (const auto cursor = store.find_document("shop.cursor", "warehouse feed"))
        fmt::print("next after {}\n", cursor->value);
    // [/documents]
}

void append_without_waiting(stele::event_store& store) {
    // [async]
    std::vector<std::future<stele::append_outcome>> under_way;
    for (int reading = 0; reading < 1000; ++reading)
        under_way.push_back(store.append_async(stele::stream_id{"meter-1"}, expected_version::any(),
                                               {event("shop.MeterRead", std::to_string(reading))}));
    for (auto& each : under_way)
        if (const auto done = each.get(); !done) fmt::print("{}\n", done.error().message());
    // [/async]
}

void read(stele::event_store& store) {
    // [read]
    for (const stele::recorded_event& event : store.read_stream(stele::stream_id{"order-7"}).events())
        fmt::print("{} {}\n", event.version, event.type);
    // [/read]

    // [last]
    std::optional<stele::owned_event> last;
    for (const auto& event :
         store.read_stream(stele::stream_id{"order-7"}, {.direction = stele::direction::backward, .limit = 1}).events())
        last.emplace(event);
    // [/last]
    if (last) fmt::print("the last one: {}\n", last->type);

    // [filter]
    std::size_t found = 0;
    for (const stele::event_batch& batch :
         store.read_all({.filter = {.categories = {"order", "stock"}, .types = {"shop.StockTaken"}}}))
        found += batch.size();
    // [/filter]
    fmt::print("{} of the category order or stock and the type StockTaken\n", found);

    // [find]
    const auto last_taken = store.last_event({.filter = {.types = {"shop.StockTaken"}}});
    if (last_taken)
        if (const auto same = store.find_event(last_taken->id)) fmt::print("{} of {}\n", same->type, same->stream);
    fmt::print("{} events of orders\n", store.count_events({.filter = {.categories = {"order"}}}));
    // [/find]

    // [streams]
    for (const auto& stream : store.list_streams({.category = "order", .limit = 100}))
        fmt::print("{} is at version {}\n", stream.stream, stream.version);
    // [/streams]

    // [as_of]
    const stele::position then = store.position_at(stele::system_time() - 24h);
    for (const auto& event : store.read_stream(stele::stream_id{"order-7"}, {.as_of = then}).events())
        fmt::print("yesterday: version {}\n", event.version);
    // [/as_of]
}

void follow(stele::event_store& store) {
    // [subscribe]
    auto subscription = stele::subscribe(
        store, {.after = {}, .filter = {.categories = {"order"}}},
        [](const stele::recorded_event& event) { fmt::print("at {}: {}\n", event.position, event.type); });
    if (const auto reached = subscription.wait_for(store.head(), 2s); !reached)
        fmt::print("{}\n", reached.error().message());
    subscription.stop();
    subscription.wait();  // throws what the handler threw, if it did
    // [/subscribe]
}

void remove(stele::event_store& store) {
    // [remove]
    const stele::stream_id meter{"meter-1"};
    const auto truncated = store.truncate_stream(meter, stele::version{991});  // keeps versions 991 to 1000
    const auto deleted = store.delete_stream(stele::stream_id{"order-8"});     // may start again, at version 3
    const auto closed = store.tombstone_stream(stele::stream_id{"stock-lamp"});
    if (!truncated || !deleted || !closed) fmt::print("a conflict\n");
    // [/remove]
    std::size_t left = 0;
    for (const auto& batch : store.read_stream(meter)) left += batch.size();
    fmt::print("{} readings are left, at version {}\n", left, store.stream_version(meter));
    const auto refused =
        store.append(stele::stream_id{"stock-lamp"}, expected_version::any(), event("shop.StockTaken", "1"));
    if (!refused) fmt::print("{}\n", refused.error().message());
}

void describe(stele::event_store& store) {
    // [metadata]
    auto packed = event("shop.OrderPacked", "");
    packed.metadata =
        stele::encode(stele::metadata{.correlation_id = "request 4711", .actor = "ann", .headers = {{"station", "3"}}});
    if (!store.append(stele::stream_id{"order-7"}, expected_version::any(), packed)) fmt::print("a conflict\n");

    for (const auto& event : store.read_all({.filter = {.types = {"shop.OrderPacked"}}}).events())
        fmt::print("packed by {}\n", stele::decode_metadata(event).actor);
    // [/metadata]
}

void bill(stele::event_store& store) {
    // [expectations]
    const stele::stream_id price{"price-lamp"};
    const auto seen = store.stream_version(price);
    // … read the price up to here, and make the bill …
    const std::vector billed{event("shop.OrderBilled", "EUR 8")};
    const std::vector<stele::stream_write> bill{{stele::stream_id{"order-7"}, expected_version::any(), billed}};
    const stele::stream_expectation unchanged{price, expected_version::exactly(seen)};
    if (const auto done = store.append(bill, {}, {unchanged}); !done) fmt::print("{}\n", done.error().message());
    // [/expectations]
}

void use_voucher(stele::event_store& store) {
    // [condition]
    const stele::event_query uses{.types = {"shop.VoucherUsed"}, .tags = {"voucher:spring"}};
    const auto after = store.head();  // first the head, then the events
    if (store.count_events({.up_to = after, .filter = uses}) < 100) {
        auto used = event("shop.VoucherUsed", "order-7");
        used.tags = {"voucher:spring", "order:7"};
        const auto done = store.append(stele::stream_id{"order-7"}, expected_version::any(), used,
                                       {stele::no_event{.matching = uses, .after = after}});
        if (!done) fmt::print("{}\n", done.error().message());  // somebody else used it meanwhile: count again
    }
    // [/condition]
}

void import_old_orders(stele::event_store& store) {
    // [business_time]
    const auto entered = [](std::string payload, stele::timestamp day) {
        auto data = event("shop.OrderEntered", std::move(payload));
        data.metadata = stele::encode(stele::metadata{.occurred_at = day});
        return data;
    };
    const std::chrono::sys_days march_1{1993y / 3 / 1};
    const stele::stream_id ledger{"ledger-1993"};
    if (!store.append(ledger, expected_version::any(), {entered("lamp", march_1), entered("rope", march_1 + 48h)}) ||
        !store.append(ledger, expected_version::any(), entered("nail, found later", march_1 + 24h)))
        fmt::print("a conflict\n");

    for (const auto& event : store.read_stream(ledger, {.occurred_up_to = march_1 + 24h}).events())
        fmt::print("{}: {}, day {}\n", event.version, event.payload, (stele::occurred_at(event) - march_1) / 24h + 1);
    // [/business_time]
}

void choose_clock() {
    // [clock]
    const auto clock = stele::bounded_clock(
        {.most_jump = 10min, .on_warning = [](const std::string& message) { fmt::print("{}\n", message); }});
    auto shop = stele::sqlite_store::open("shop.db", {.now = clock});
    // [/clock]
}

}  // namespace

int main() {
    choose_clock();
    // [open]
    auto store = stele::sqlite_store::open("shop.db");
    // [/open]
    append_one(store);
    repeat(store);
    append_to_several(store);
    if (!cancel(store, stele::stream_id{"order-7"})) fmt::print("others kept being first\n");
    append_without_waiting(store);
    read(store);
    follow(store);
    remove(store);
    describe(store);
    bill(store);
    use_voucher(store);
    import_old_orders(store);
}
