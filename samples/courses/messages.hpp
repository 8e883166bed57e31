#pragma once

#include "courses.pb.h"

#include <stele/eventstore.hpp>

#include <cstdint>
#include <string>

// [tags]
namespace courses {

inline constexpr stele::tag_key<"course"> course_tag;  // course_tag("c1") is the tag course:c1
inline constexpr stele::tag_key<"student"> student_tag;

inline auto tags_of(const CourseOpened& e) {
    return course_tag(e.course());
}
inline auto tags_of(const SeatsChanged& e) {
    return course_tag(e.course());
}
inline auto tags_of(const StudentEnrolled& e) {
    return stele::tags(course_tag(e.course()), student_tag(e.student()));
}
inline auto tags_of(const StudentLeft& e) {
    return stele::tags(course_tag(e.course()), student_tag(e.student()));
}

}  // namespace courses
// [/tags]

// Protobuf messages have setters but no constructors. These functions keep the other files short.
namespace courses {

template <class Message>
Message about_seats(const std::string& course, std::uint32_t seats) {
    Message message;
    message.set_course(course);
    message.set_seats(seats);
    return message;
}
template <class Message>
Message about_student(const std::string& course, const std::string& student) {
    Message message;
    message.set_course(course);
    message.set_student(student);
    return message;
}
template <class Message>
Message about_course(const std::string& course, const std::string& title, std::uint32_t seats) {
    auto message = about_seats<Message>(course, seats);
    message.set_title(title);
    return message;
}

inline auto open_course(const std::string& course, const std::string& title, std::uint32_t seats) {
    return about_course<OpenCourse>(course, title, seats);
}
inline auto change_seats(const std::string& course, std::uint32_t seats) {
    return about_seats<ChangeSeats>(course, seats);
}
inline auto enrol(const std::string& course, const std::string& student) {
    return about_student<Enrol>(course, student);
}
inline auto leave(const std::string& course, const std::string& student) {
    return about_student<Leave>(course, student);
}

inline auto opened(const std::string& course, std::uint32_t seats) {
    return about_course<CourseOpened>(course, "Geology", seats);
}
inline auto seats_changed(const std::string& course, std::uint32_t seats) {
    return about_seats<SeatsChanged>(course, seats);
}
inline auto enrolled(const std::string& course, const std::string& student) {
    return about_student<StudentEnrolled>(course, student);
}
inline auto left(const std::string& course, const std::string& student) {
    return about_student<StudentLeft>(course, student);
}

}  // namespace courses
