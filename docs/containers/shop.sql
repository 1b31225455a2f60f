-- The source of docker-compose.temporal.yml: 5,000 orders, and two events that go on changing them. One statement a line.
CREATE TABLE shop.orders (id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, customer VARCHAR(60) NOT NULL, status ENUM('new', 'paid', 'sent') NOT NULL, amount DECIMAL(10,2) NOT NULL, created_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, updated_at TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6), KEY by_update (updated_at));
CREATE TABLE shop.digits (d INT PRIMARY KEY);
INSERT INTO shop.digits VALUES (0), (1), (2), (3), (4), (5), (6), (7), (8), (9);
INSERT INTO shop.orders (customer, status, amount) SELECT CONCAT('customer ', 1 + a.d + 10 * b.d + 100 * c.d), ELT(1 + e.d % 3, 'new', 'paid', 'sent'), 1 + a.d + 10 * b.d + c.d / 100 FROM shop.digits a, shop.digits b, shop.digits c, shop.digits e WHERE e.d < 5;
DROP TABLE shop.digits;
CREATE DEFINER='tablehaul'@'%' EVENT shop.new_order ON SCHEDULE EVERY 2 SECOND DO INSERT INTO shop.orders (customer, status, amount) VALUES (CONCAT('customer ', 1 + FLOOR(RAND() * 1000)), 'new', 1 + ROUND(RAND() * 99, 2));
CREATE DEFINER='tablehaul'@'%' EVENT shop.order_goes_on ON SCHEDULE EVERY 3 SECOND DO UPDATE shop.orders SET status = IF(status = 'new', 'paid', 'sent') WHERE status <> 'sent' ORDER BY id DESC LIMIT 5;
