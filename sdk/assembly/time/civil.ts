const DAY_SECONDS: i64 = 86400;
/** Days from 0000-03-01 to 1970-01-01, and in 400 years. */
const EPOCH_DAYS: i64 = 719468;
const ERA_DAYS: i64 = 146097;

/** What a time without a reading is. */
export const NO_TIME: i64 = i64.MIN_VALUE;

/** A second as people count it (UTC, proleptic Gregorian), from the year 0 on. */
export class Civil {
  year: i32 = 1970;
  /** From 1. */
  month: i32 = 1;
  /** From 1. */
  day: i32 = 1;
  hour: i32 = 0;
  minute: i32 = 0;
  second: i32 = 0;
  /** 0 = Sunday. */
  weekday: i32 = 4;

  /** `seconds` since 1970; those before are negative. */
  static of(seconds: i64): Civil {
    const civil = new Civil();
    let days = seconds / DAY_SECONDS;
    let rest = <i32>(seconds % DAY_SECONDS);
    if (rest < 0) {
      rest += <i32>DAY_SECONDS;
      days--;
    }
    civil.hour = rest / 3600;
    civil.minute = (rest % 3600) / 60;
    civil.second = rest % 60;
    civil.setDate(days + EPOCH_DAYS);
    return civil;
  }

  /** Seconds since 1970, or NO_TIME where a part is out of its range. */
  get seconds(): i64 {
    if (this.month < 1 || this.month > 12 || this.day < 1) return NO_TIME;
    if (this.day > daysIn(this.year, this.month)) return NO_TIME;
    // 60: a leap second, which falls on the next one.
    if (this.hour > 23 || this.minute > 59 || this.second > 60) return NO_TIME;
    if (this.hour < 0 || this.minute < 0 || this.second < 0) return NO_TIME;
    const days = this.days - EPOCH_DAYS;
    return days * DAY_SECONDS + this.hour * 3600 + this.minute * 60 + this.second;
  }

  /** Years begin in March here, so that a leap day is the last one. */
  private setDate(days: i64): void {
    const era = (days >= 0 ? days : days - ERA_DAYS + 1) / ERA_DAYS;
    const dayOfEra = <i32>(days - era * ERA_DAYS);
    const yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146096) / 365;
    const day = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100);
    const month = (5 * day + 2) / 153;
    this.day = day - (153 * month + 2) / 5 + 1;
    this.month = month < 10 ? month + 3 : month - 9;
    this.year = <i32>era * 400 + yearOfEra + (this.month <= 2 ? 1 : 0);
    const weekday = <i32>((days - EPOCH_DAYS + 4) % 7);
    this.weekday = weekday < 0 ? weekday + 7 : weekday;
  }

  private get days(): i64 {
    const year = this.month <= 2 ? this.year - 1 : this.year;
    const era = (year >= 0 ? year : year - 399) / 400;
    const yearOfEra = year - era * 400;
    const month = this.month > 2 ? this.month - 3 : this.month + 9;
    const dayOfYear = (153 * month + 2) / 5 + this.day - 1;
    const dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear;
    return <i64>era * ERA_DAYS + dayOfEra;
  }
}

function daysIn(year: i32, month: i32): i32 {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}
