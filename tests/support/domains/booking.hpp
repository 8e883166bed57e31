#pragma once

#include "booking.pb.h"

#include <stele/aggregates.hpp>
#include <stele/eventstore/tags/tag.hpp>

#include <boost/hana/tuple.hpp>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

/// Seats that are booked together, however many: what a decision model does with lists of tags.
namespace testing {

inline constexpr stele::tag_key<"show"> show_tag;
inline constexpr stele::tag_key<"seat"> seat_tag;
inline constexpr stele::tag_key<"guest"> guest_tag;

/// A std::vector of tags, whose type is `std::vector<stele::tag<stele::tag_key<"seat">>>`.
inline auto seat_tags(const auto& message) {
    std::vector<decltype(seat_tag(""))> tags;
    for (const auto& seat : message.seats()) tags.push_back(seat_tag(message.show() + "/" + seat));
    return tags;
}
inline auto tags_of(const SeatsBooked& e) {
    return stele::tags(show_tag(e.show()), seat_tags(e), guest_tag(e.guest()));
}

template <class Message>
Message about_seats(const std::string& show, const std::vector<std::string>& seats, const std::string& guest) {
    Message message;
    message.set_show(show);
    for (const auto& seat : seats) message.add_seats(seat);
    message.set_guest(guest);
    return message;
}
inline auto book(const std::string& show, const std::vector<std::string>& seats, const std::string& guest) {
    return about_seats<BookSeats>(show, seats, guest);
}
inline auto booked(const std::string& show, const std::vector<std::string>& seats, const std::string& guest) {
    return about_seats<SeatsBooked>(show, seats, guest);
}

/// The seats of a booking that are taken.
struct taken_seats {
    static constexpr auto events = boost::hana::tuple_t<SeatsBooked>;

    std::set<std::string> seats;

    void evolve(const SeatsBooked& e) { seats.insert(e.seats().begin(), e.seats().end()); }
};

/// How many bookings a guest has, for whatever show.
struct bookings_of_guest {
    static constexpr auto events = boost::hana::tuple_t<SeatsBooked>;

    int bookings = 0;

    void evolve(const SeatsBooked&) { ++bookings; }
};

/// No seat is booked twice, and a guest has two bookings at most.
struct booking {
    static constexpr auto events = boost::hana::tuple_t<SeatsBooked>;
    static constexpr auto commands = boost::hana::tuple_t<BookSeats>;
    static auto boundary(const BookSeats& c) {
        return stele::parts(stele::part(&booking::taken, stele::any_of(seat_tags(c))),
                            stele::part(&booking::of_guest, guest_tag(c.guest())));
    }

    taken_seats taken;
    bookings_of_guest of_guest;

    stele::decision<booking> decide(const BookSeats& c) const {
        if (c.seats().empty()) return stele::reject("no_seats", "{} wants no seat", c.guest());
        const auto is_taken = [this](const auto& seat) { return taken.seats.contains(seat); };
        if (std::ranges::any_of(c.seats(), is_taken)) return stele::reject("taken", "a seat of {}", c.show());
        if (of_guest.bookings == 2) return stele::reject("too_many", "{} has two bookings", c.guest());
        return stele::accept(booked(c.show(), {c.seats().begin(), c.seats().end()}, c.guest()));
    }
};

}  // namespace testing
