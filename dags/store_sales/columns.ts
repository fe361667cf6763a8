/** The columns of the shop's systems. `data/README.md` says what they mean. */
import type { Columns } from '@headrace/sdk';

/** One line per product in a basket, as the tills write it. */
export const tillColumns = {
  household_id: 'int8',
  store_id: 'int8',
  basket_id: 'int8',
  product_id: 'int8',
  quantity: 'int8',
  sales_value: 'decimal(10,2)',
  retail_disc: 'decimal(10,2)',
  coupon_disc: 'decimal(10,2)',
  coupon_match_disc: 'decimal(10,2)',
  week: 'int4',
  transaction_timestamp: 'timestamptz',
} satisfies Columns;

/** The product feed. */
export const productColumns = {
  product_id: 'int8',
  manufacturer_id: 'int8',
  department: 'text',
  brand: 'text',
  product_category: 'text',
  product_type: 'text',
  package_size: 'text',
} satisfies Columns;

/** Where a product was promoted in a week. */
export const promotionColumns = {
  product_id: 'int8',
  store_id: 'int8',
  display_location: 'text',
  mailer_location: 'text',
  week: 'int4',
} satisfies Columns;
