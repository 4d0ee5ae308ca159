const DAY_SECONDS: i64 = 86400;
const HOUR_SECONDS = 3600;
/** Days from 0000-03-01 to 1970-01-01, and in 400 years. */
const EPOCH_DAYS: i64 = 719468;
const ERA_DAYS: i64 = 146097;

const MONTHS: string[] = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];
const DAYS: string[] = [
  'Sunday',
  'Monday',
  'Tuesday',
  'Wednesday',
  'Thursday',
  'Friday',
  'Saturday',
];
const DAYS_BEFORE: StaticArray<i32> = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];

/** A second since 1970, as people count it (UTC, proleptic Gregorian). */
export class Calendar {
  year: i32 = 1970;
  /** From 1. */
  month: i32 = 1;
  /** From 1. */
  day: i32 = 1;
  /** From 1. */
  dayOfYear: i32 = 1;
  /** 0 = Sunday. */
  weekday: i32 = 0;
  hour: i32 = 0;
  minute: i32 = 0;
  second: i32 = 0;

  /** `second` is not negative. */
  set(second: i64): void {
    const days = second / DAY_SECONDS;
    const rest = <i32>(second % DAY_SECONDS);
    this.hour = rest / HOUR_SECONDS;
    this.minute = (rest % HOUR_SECONDS) / 60;
    this.second = rest % 60;
    this.weekday = <i32>((days + 4) % 7);
    this.setDate(days + EPOCH_DAYS);
  }

  /** Years begin in March here, so that a leap day is the last one. */
  private setDate(days: i64): void {
    const era = days / ERA_DAYS;
    const dayOfEra = <i32>(days % ERA_DAYS);
    const yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146096) / 365;
    const day = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100);
    const month = (5 * day + 2) / 153;
    this.day = day - (153 * month + 2) / 5 + 1;
    this.month = month < 10 ? month + 3 : month - 9;
    this.year = <i32>era * 400 + yearOfEra + (this.month <= 2 ? 1 : 0);
    const leap = this.month > 2 && isLeap(this.year) ? 1 : 0;
    this.dayOfYear = DAYS_BEFORE[this.month - 1] + this.day + leap;
  }
}

function isLeap(year: i32): bool {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
}

/** 1 = January. */
export function nameOfMonth(month: i32): string {
  return MONTHS[month - 1];
}

/** 0 = Sunday. */
export function nameOfDay(day: i32): string {
  return DAYS[day];
}
