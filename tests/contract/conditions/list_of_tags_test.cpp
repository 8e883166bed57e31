// Decision models whose boundary has as many tags as the command says: several, one, or none.

#include "support/domains/booking.hpp"
#include "support/errors.hpp"
#include "support/spy_store.hpp"
#include "support/stores.hpp"

#include <stele/codec.hpp>
#include <stele/commands.hpp>

#include <optional>
#include <set>
#include <string>
#include <type_traits>

using testing::book;
using testing::error_of;

namespace {

using booking_bus = stele::command_bus<testing::booking>;

std::string code_of(const stele::command_result& result) {
    if (result) return "accepted";
    const auto* no = result.error().rejection();
    return no != nullptr ? no->code : "conflict";
}

/// Decides on events that carry all of the seats.
struct same_seats {
    static constexpr auto events = boost::hana::tuple_t<testing::SeatsBooked>;
    static constexpr auto commands = boost::hana::tuple_t<testing::BookSeats>;
    static auto boundary(const testing::BookSeats& c) { return stele::tags(testing::seat_tags(c)); }

    int bookings = 0;

    stele::decision<same_seats> decide(const testing::BookSeats& c) const {
        if (bookings > 0) return stele::reject("same_seats", "{} bookings of these seats", bookings);
        return stele::accept(stele::make_from<testing::SeatsBooked>(c));
    }
    void evolve(const testing::SeatsBooked&) { ++bookings; }
};

/// A list is all that the boundary has.
struct any_seat : same_seats {
    static auto boundary(const testing::BookSeats& c) { return stele::any_of(testing::seat_tags(c)); }
    stele::decision<any_seat> decide(const testing::BookSeats& c) const {
        if (bookings > 0) return stele::reject("any_seat", "{} bookings of these seats", bookings);
        return stele::accept(stele::make_from<testing::SeatsBooked>(c));
    }
};

/// Names its stream itself, so that the boundary is drawn later.
struct of_show : any_seat {
    static stele::stream_id stream(const testing::BookSeats& c) { return stele::stream_id{"show", c.show()}; }
    stele::decision<of_show> decide(const testing::BookSeats&) const { return stele::no_change(); }
};

// Its events go to the stream of a seat, or of the guest if there is none.
using stele::detail::goes_to;
static_assert(goes_to<testing::booking, testing::BookSeats>("seat"));
static_assert(goes_to<testing::booking, testing::BookSeats>("guest"));
static_assert(!goes_to<testing::booking, testing::BookSeats>("show"));
static_assert(goes_to<same_seats, testing::BookSeats>("seat"));
static_assert(!goes_to<same_seats, testing::BookSeats>("guest"));

}  // namespace

STORE_TEST_CASE(store, "any_of a list meets whoever booked one of them, and no others") {
    booking_bus bus{*store};
    CHECK(code_of(bus.send(book("s1", {"A1", "A2"}, "ada"))) == "accepted");
    CHECK(code_of(bus.send(book("s1", {"A2", "A3"}, "bob"))) == "taken");
    CHECK(code_of(bus.send(book("s1", {"A3"}, "bob"))) == "accepted");
    CHECK(code_of(bus.send(book("s2", {"A1", "A2", "A3"}, "ada"))) == "accepted");
    CHECK(code_of(bus.send(book("s2", {"B1"}, "ada"))) == "too_many");
}

STORE_TEST_CASE(store, "tags of a list meets whoever booked all of them") {
    stele::command_bus<same_seats> bus{*store};
    CHECK(code_of(bus.send(book("s1", {"A1", "A2"}, "ada"))) == "accepted");
    CHECK(code_of(bus.send(book("s1", {"A2", "A3"}, "bob"))) == "accepted");
    CHECK(code_of(bus.send(book("s1", {"A2", "A1"}, "bob"))) == "same_seats");
    CHECK(code_of(bus.send(book("s1", {"A3"}, "bob"))) == "same_seats");
}

STORE_TEST_CASE(store, "a part with an empty list folds nothing, and the command is decided") {
    booking_bus bus{*store};
    REQUIRE(bus.send(book("s1", {"A1"}, "ada")));
    const auto refused = bus.send(book("s1", {}, "ada"));
    CHECK(code_of(refused) == "no_seats");
    CHECK(refused.error().stream().str() == "guest-ada");
    const auto done = bus.transact([](auto& tx) {
        CHECK_FALSE(tx.try_send(book("s1", {}, "ada")));
        tx.send(book("s1", {"A2"}, "ada"));
    });
    CHECK(done);
}

STORE_TEST_CASE(store, "a boundary without any tag is an error that names command and model") {
    const auto error_with = [&]<class Model>(std::type_identity<Model>, const auto& command) {
        stele::command_bus<Model> bus{*store};
        return error_of([&] { (void)bus.send(command); });
    };
    const auto none = error_with(std::type_identity<any_seat>{}, book("s1", {}, "ada"));
    CHECK(none.kind == stele::error_kind::invalid_argument);
    CHECK(
        none.says("The boundary of the command testing.BookSeats (decision model (anonymous namespace)::any_seat): "
                  "it names no tag, because its list of tags is empty"));
    CHECK(error_with(std::type_identity<of_show>{}, book("s1", {}, "ada")).says("of_show): it names no tag"));
    // All of no tags would be every event: nothing that happens by itself.
    CHECK(error_with(std::type_identity<same_seats>{}, book("s1", {}, "ada")).says("which would mean every event"));
    const auto guest = error_with(std::type_identity<testing::booking>{}, book("s1", {"A1"}, "a\nb"));
    CHECK(
        guest.says("The boundary of the command testing.BookSeats (decision model testing::booking): tag 'guest:?': "
                   "contains a control character"));
    CHECK(error_with(std::type_identity<of_show>{}, book("", {"A1"}, "ada"))
              .says("The stream of the command testing.BookSeats"));
    CHECK(store->head().value == 0);
}

STORE_TEST_CASE(store, "a check comes before the boundary if the model names its stream, and after it otherwise") {
    const auto has_seats = stele::validate<testing::BookSeats>([](const auto& c) -> std::optional<stele::rejection> {
        return c.seats().empty() ? std::optional{stele::reject("no_seats", "no seat")} : std::nullopt;
    });
    stele::command_bus<of_show> late{*store, {.middleware = {has_seats}}};
    CHECK(code_of(late.send(book("s1", {}, "ada"))) == "no_seats");
    stele::command_bus<any_seat> early{*store, {.middleware = {has_seats}}};
    CHECK(error_of([&] { (void)early.send(book("s1", {}, "ada")); }).says("it names no tag"));
}

STORE_TEST_CASE(store, "what comes between read and append is in the way if it carries one of the list") {
    testing::spy_store spy{*store};
    booking_bus other{*store};
    booking_bus bus{spy};
    int appends = 0;
    const auto meanwhile = [&](const auto& command) {
        appends = 0;
        spy.before_append = [&, command] {
            if (appends++ == 0) REQUIRE(other.send(command));
        };
    };
    meanwhile(book("s1", {"A2", "A3"}, "bob"));
    CHECK(code_of(bus.send(book("s1", {"A1", "A2"}, "ada"))) == "taken");
    meanwhile(book("s1", {"B2"}, "eve"));
    CHECK(code_of(bus.send(book("s1", {"B1"}, "ada"))) == "accepted");
    CHECK(appends == 1);
}

STORE_TEST_CASE(store, "the state that a command would be decided on can be loaded, and is what a condition guards") {
    booking_bus bus{*store};
    REQUIRE(bus.send(book("s1", {"A1", "A2"}, "ada")));
    REQUIRE(bus.send(book("s2", {"A1"}, "bob")));
    const auto seen = stele::load<testing::booking>(*store, book("s1", {"A2", "A3"}, "bob"));
    CHECK(seen.state.taken.seats == std::set<std::string>{"A1", "A2"});
    CHECK(seen.state.of_guest.bookings == 1);
    CHECK(seen.reached.value == 2);
    CHECK(seen.head.value == 2);
    const auto before = stele::load<testing::booking>(*store, book("s1", {"A2", "A3"}, "bob"), {1});
    CHECK(before.state.of_guest.bookings == 0);
    CHECK(before.head.value == 1);
    REQUIRE(bus.send(book("s1", {"A3"}, "eve")));
    const auto late =
        store->append(stele::stream_id{"seat-x"}, stele::expected_version::any(),
                      stele::encode(testing::booked("s1", {"A2"}, "bob")), {stele::no_event{seen.boundary, seen.head}});
    REQUIRE_FALSE(late);
    CHECK(late.error().event->position.value == 3);
    const auto event = stele::encode(testing::booked("s1", {"A2"}, "bob"));
    const stele::no_event now{seen.boundary, store->head()};
    CHECK(store->append(stele::stream_id{"seat-x"}, stele::expected_version::any(), {event}, {now}));
}
